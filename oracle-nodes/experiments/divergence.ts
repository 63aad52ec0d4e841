import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ConcordatError } from "@concordat/protocol/errors";
import { writeWhole } from "@concordat/files/durableFile";
import { TrainingDivergedError } from "@concordat/learning/engines/engine";

/** Where a run left the range of numbers. */
export interface Divergence {
  /** Labels of the schemes that end with it. */
  readonly schemes: readonly string[];
  readonly round: number;
  readonly node: number;
  /** What was no number, in words. */
  readonly problem: string;
}

/** A divergence with the seed that it belongs to. */
export interface DivergedRun extends Divergence {
  readonly seed: number;
}

/** A node's training left the range of numbers: this run ends, and no other. */
export class RunDivergedError extends ConcordatError {
  readonly node: number;

  constructor(node: number, problem: string, cause: unknown) {
    super(problem, { cause });
    this.node = node;
  }
}

const FILE = "diverged.json";
const PREFIX = /^Training diverged: /;

/** Does a node's part of a round. @throws {RunDivergedError} naming the node where its training diverged. */
export async function atNode<T>(node: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TrainingDivergedError)) throw error;
    throw new RunDivergedError(node, error.message.replace(PREFIX, ""), error);
  }
}

/** A diverged run in one line. */
export function divergenceLine({ schemes, seed, round, node, problem }: DivergedRun): string {
  return `${schemes.join(", ")}: seed ${seed} diverged in round ${round} at node ${node}: ${problem}`;
}

/** Writes down that a trajectory ended, beside its checkpoints, so that no later run tries it again. */
export async function saveDivergence(dir: string, divergence: Divergence): Promise<void> {
  await writeWhole({ path: join(dir, FILE), bytes: JSON.stringify(divergence) });
}

/** Where a trajectory ended, if it diverged. */
export async function readDivergence(dir: string): Promise<Divergence | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, FILE), "utf8")) as Divergence;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
