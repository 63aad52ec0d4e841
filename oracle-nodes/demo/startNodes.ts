import { availableParallelism } from "node:os";

/** Nodes that start at once, for each processor of this machine: a start is a second of work, and a burst of requests. */
const STARTING_PER_PROCESSOR = 1;
/** At least so many, since a node waits for the chain while it starts. */
const STARTING_AT_LEAST = 2;

/** How a row of nodes is started. */
export interface StartNodes<Node> {
  readonly nodes: readonly Node[];
  /** Starts one. */
  readonly start: (node: Node) => void;
  /** Resolves once so many of those started are up. Rejects when one of them fails. */
  readonly untilUp: (count: number) => Promise<void>;
  readonly atOnce?: number;
}

/**
 * Starts nodes a few at a time: the next one when an earlier one is up, so that neither the machine nor the endpoint is
 * overrun. Resolves once all are up.
 */
export async function startNodes<Node>({
  nodes,
  start,
  untilUp,
  atOnce = Math.max(STARTING_AT_LEAST, STARTING_PER_PROCESSOR * availableParallelism()),
}: StartNodes<Node>): Promise<void> {
  for (const [started, node] of nodes.entries()) {
    await untilUp(Math.max(0, started - atOnce + 1));
    start(node);
  }
  await untilUp(nodes.length);
}
