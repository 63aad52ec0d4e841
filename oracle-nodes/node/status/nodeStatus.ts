import { rename, writeFile } from "node:fs/promises";
import type { TaskId } from "@concordat/protocol/ids";

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
  /** For whom a phase waits of which more than half has passed: `concordat task expel NODE` opens a vote on one that is gone. */
  readonly awaits?: readonly AwaitedMember[];
  /** The file of the node's latest personalised model of this task. */
  readonly personalisedModel?: string;
}

/** A member for whom a phase waits. */
export interface AwaitedMember {
  readonly member: number;
  readonly node: number;
  /** What is missing of it. */
  readonly for: "update" | "aggregate" | "scores";
}

/** An account, as read last. */
export interface AccountStatus {
  readonly address: string;
  /** In wei, as decimal digits. */
  readonly balanceWei: string;
  readonly readAt: string;
}

/** How long the signer can still pay for gas. */
export interface GasStatus {
  /** Submissions that it could pay at the fees of that moment. */
  readonly submissionsLeft: number;
  readonly isLow: boolean;
}

/** An endpoint of the chain by scheme and host: what it was like when it was asked last. */
export interface ChainEndpointStatus {
  readonly name: string;
  readonly isAnswering: boolean;
  readonly problem?: string;
  readonly answeredAt?: string;
}

/** What shows whether the process makes progress. Times as ISO 8601. */
export interface Beat {
  /** The newest block of the chain that was seen: its number, its own time, and when it was seen here. */
  readonly head: { readonly number: number; readonly time: string; readonly seenAt: string };
  /** When the chain last answered. */
  readonly chainAnsweredAt: string;
  readonly chainEndpoints: readonly ChainEndpointStatus[];
  readonly signer?: AccountStatus;
  /** Absent where the signer is the operator. */
  readonly operator?: AccountStatus;
  readonly gas?: GasStatus;
}

/** What a node does, as in status.json. */
export interface NodeStatus {
  readonly nodeId: number;
  readonly signer: string;
  readonly endpoints: string;
  readonly pid: number;
  readonly updatedAt: string;
  /** When something last went on: the chain answered, or what the node does for a task changed. A process that hangs writes no more. */
  readonly progressAt: string;
  /** When what the node does for a task changed last. */
  readonly stepChangedAt?: string;
  /** When the node stopped in order; absent while it runs, and where it was killed. */
  readonly stoppedAt?: string;
  readonly heartbeat?: Omit<Beat, "signer" | "operator" | "gas">;
  readonly accounts?: Pick<Beat, "signer" | "operator" | "gas">;
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
  readonly #clean: (text: string) => string;
  readonly #startedAt = new Date().toISOString();
  #beat: Beat | undefined;
  #stepChangedAt: string | undefined;
  #stoppedAt: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * @param sentBytes Bytes that were sent to others so far.
   * @param clean Takes out of a problem's text what nobody else may read.
   */
  constructor(
    file: string,
    node: Pick<NodeStatus, "nodeId" | "signer" | "endpoints">,
    sentBytes: () => number,
    listener?: (status: NodeStatus) => void,
    clean: (text: string) => string = String,
  ) {
    this.#file = file;
    this.#clean = clean;
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
    const now: TaskActivity = {
      ...rest,
      ...(problem !== undefined && !isOver && { problem }),
      ...change,
      ...(change.problem !== undefined && { problem: this.#clean(change.problem) }),
    };
    this.#tasks.set(taskId, now);
    // A problem that is told again is no progress.
    const { problem: _new, ...done } = now;
    if (JSON.stringify(done) !== JSON.stringify(rest)) this.#stepChangedAt = new Date().toISOString();
    this.#publish();
  }

  /** Notes signs of life. */
  beat(beat: Beat): void {
    this.#beat = beat;
    this.#publish();
  }

  /** What is being done, for whoever has to say what did not end. */
  get running(): string[] {
    return [...this.#tasks.values()]
      .filter(({ doing }) => !doing.startsWith("over"))
      .map(({ taskId, doing }) => `task ${taskId} (${doing})`);
  }

  #publish(): void {
    // What was left behind when the node stopped has nothing to say any more: another process may own the file.
    if (this.#stoppedAt !== undefined) return;
    this.#listener?.(this.#status());
    this.#timer ??= setTimeout(() => this.#write(), WRITE_EVERY_MS);
  }

  /** Writes what is left to write, and that the node has stopped. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stoppedAt = new Date().toISOString();
    this.#write();
    await this.#writing;
  }

  #status(): NodeStatus {
    return {
      ...this.#node,
      pid: process.pid,
      updatedAt: new Date().toISOString(),
      progressAt: latest(this.#startedAt, this.#stepChangedAt, this.#beat?.chainAnsweredAt),
      ...(this.#stepChangedAt !== undefined && { stepChangedAt: this.#stepChangedAt }),
      ...(this.#stoppedAt !== undefined && { stoppedAt: this.#stoppedAt }),
      ...(this.#beat !== undefined && splitBeat(this.#beat)),
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

function splitBeat({
  signer,
  operator,
  gas,
  ...heartbeat
}: Beat): Pick<NodeStatus, "heartbeat" | "accounts"> {
  return {
    heartbeat,
    ...(signer !== undefined && {
      accounts: { signer, ...(operator !== undefined && { operator }), ...(gas !== undefined && { gas }) },
    }),
  };
}

/** The latest of these times; ISO 8601 in UTC sorts as text. */
function latest(first: string, ...others: readonly (string | undefined)[]): string {
  return others.reduce<string>((last, time) => (time !== undefined && time > last ? time : last), first);
}
