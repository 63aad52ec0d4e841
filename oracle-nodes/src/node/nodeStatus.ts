import { rename, writeFile } from "node:fs/promises";
import type { TaskId } from "../../../protocol/ids.ts";

/** What a node does for one task. */
export interface TaskActivity {
  readonly taskId: TaskId;
  readonly name?: string;
  readonly phase: string;
  readonly round: number;
  readonly retry: number;
  /** Unix seconds at which the phase ends at the latest. */
  readonly deadline: number;
  /** In the reader's words, e.g. "training". */
  readonly doing: string;
  readonly training?: {
    readonly epoch: number;
    readonly epochs: number;
    readonly step: number;
    readonly steps: number;
  };
  /** Bytes of the last update's artifact, its header included. */
  readonly updateBytes?: number;
  /** Bytes of the blocks that were fetched for this task since the node took it up: models and updates. */
  readonly receivedBytes?: number;
  /** What the node's trainings for this task have spent of its privacy so far; absent where the task asks for none. */
  readonly spentBudget?: { readonly epsilon: number; readonly delta: number };
  /** Mean loss of the last training. */
  readonly lastLoss?: number;
  /** The last accuracy table, in basis points. */
  readonly lastScores?: readonly number[];
  /** Why the node does not serve the task, or what failed last. */
  readonly problem?: string;
}

/** What a node does, as in status.json. */
export interface NodeStatus {
  readonly nodeId: number;
  readonly signer: string;
  readonly endpoints: string;
  readonly pid: number;
  readonly updatedAt: string;
  /** Bytes of the blocks that this process sent to others, in all tasks. */
  readonly sentBytes: number;
  readonly tasks: readonly TaskActivity[];
}

/** Milliseconds between two writes of the file at least: training reports every step. */
const WRITE_EVERY_MS = 250;

/** Collects what the node does and publishes it: to a listener at once, to a file at most four times a second. */
export class StatusBoard {
  readonly #file: string;
  readonly #node: Pick<NodeStatus, "nodeId" | "signer" | "endpoints">;
  readonly #sentBytes: () => number;
  readonly #listener: ((status: NodeStatus) => void) | undefined;
  readonly #tasks = new Map<TaskId, TaskActivity>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    file: string,
    node: Pick<NodeStatus, "nodeId" | "signer" | "endpoints">,
    sentBytes: () => number,
    listener?: (status: NodeStatus) => void,
  ) {
    this.#file = file;
    this.#node = node;
    this.#sentBytes = sentBytes;
    this.#listener = listener;
    // Where the node serves is asked for before it has a task.
    this.#write();
  }

  /** Notes what changed for a task. A problem is over once something else is done. */
  update(taskId: TaskId, change: Partial<TaskActivity>): void {
    const before: TaskActivity = this.#tasks.get(taskId) ?? {
      taskId,
      phase: "None",
      round: 0,
      retry: 0,
      deadline: 0,
      doing: "joining",
    };
    const { problem, ...rest } = before;
    const isOver = change.doing !== undefined || change.phase !== undefined;
    this.#tasks.set(taskId, { ...rest, ...(problem !== undefined && !isOver && { problem }), ...change });
    this.#listener?.(this.#status());
    this.#timer ??= setTimeout(() => this.#write(), WRITE_EVERY_MS);
  }

  /** Writes what is left to write. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#write();
    await this.#writing;
  }

  #status(): NodeStatus {
    return {
      ...this.#node,
      pid: process.pid,
      updatedAt: new Date().toISOString(),
      sentBytes: this.#sentBytes(),
      tasks: [...this.#tasks.values()],
    };
  }

  #write(): void {
    this.#timer = undefined;
    const text = JSON.stringify(this.#status(), null, 2);
    const before = this.#writing;
    this.#writing = (async () => {
      await before;
      await writeFile(`${this.#file}.partial`, text);
      await rename(`${this.#file}.partial`, this.#file);
    })().catch(() => undefined);
  }
}
