import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import type { SpentBudget } from "../../../protocol/artifactMetadata.ts";
import { ConcordatError } from "../../../protocol/errors.ts";
import { writeDurably } from "../artifacts/durableFile.ts";
import { epsilonOf } from "../privacy/accountant.ts";
import type { Use } from "../privacy/mechanism.ts";
import { renyiEpsilon } from "../privacy/renyi.ts";

/** A privacy guarantee. */
export interface Budget {
  readonly epsilon: number;
  readonly delta: number;
}

const positive = z.number().positive();
const samplingRate = positive.max(1);
const mechanism = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("gaussian"), noiseMultiplier: positive, samplingRate }),
  z.strictObject({ kind: z.literal("laplace"), epsilon: positive }),
  z.strictObject({ kind: z.literal("pure"), epsilon: positive }),
  z.strictObject({
    kind: z.literal("concentrated"),
    rho: positive,
    samplingRate,
    epsilon: positive.exactOptional(),
  }),
]);
const use = z.strictObject({ mechanism, times: z.number().int().positive() });
const fileSchema = z.strictObject({
  format: z.literal("concordat/privacy-ledger/1"),
  /** By the task's name, what its trainings did with the node's records. */
  tasks: z.record(z.string(), z.array(use)),
});
type LedgerFile = z.infer<typeof fileSchema>;

/** A training that would spend more than the node's operator allows. */
export class BudgetSpentError extends ConcordatError {}

/**
 * What a node's trainings have done with its records, in one file of its folder. A training is written down, durably,
 * before its first step: one that is killed, or whose round turns out void, counts. Nothing is ever taken off.
 */
export class PrivacyLedger {
  readonly #path: string;
  #file: LedgerFile;
  /** Charges run one after another, so that two tasks cannot both take what is left. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: LedgerFile) {
    this.#path = path;
    this.#file = file;
  }

  /** @throws {ConcordatError} when the file is damaged: what was spent is not forgotten by accident. */
  static async open(path: string): Promise<PrivacyLedger> {
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      return new PrivacyLedger(path, { format: "concordat/privacy-ledger/1", tasks: {} });
    }
    try {
      return new PrivacyLedger(path, fileSchema.parse(JSON.parse(text)));
    } catch (cause) {
      throw new ConcordatError(`The privacy ledger ${path} is damaged`, {
        hint: "Restore it from a backup; without it nobody knows what the node has spent",
        cause,
      });
    }
  }

  /** The tasks that something was charged to. */
  get tasks(): readonly string[] {
    return Object.keys(this.#file.tasks);
  }

  /** What a task has used so far. */
  usesOf(task: string): readonly Use[] {
    return this.#file.tasks[task] ?? [];
  }

  /** What a task has spent so far, for a delta. */
  spent(task: string, delta: number): Budget {
    return { epsilon: epsilonOf(this.usesOf(task), delta), delta };
  }

  /**
   * Charges a training to a task; once this resolves, it is charged for good.
   * @param limit What the node may spend in all its tasks together, if its operator limits it.
   * @returns What the task has spent with it, for this delta.
   * @throws {BudgetSpentError} when it would pass the limit; then nothing is charged.
   */
  async charge(task: string, uses: readonly Use[], delta: number, limit?: Budget): Promise<Budget> {
    const done = this.#queue.then(async (): Promise<Budget> => {
      const tasks = { ...this.#file.tasks, [task]: merged([...this.usesOf(task), ...uses]) };
      if (limit !== undefined) checkLimit(Object.values(tasks).flat(), limit);
      const file: LedgerFile = { ...this.#file, tasks };
      if (uses.length > 0) {
        const bytes = JSON.stringify(file, null, 1);
        await writeDurably(dirname(this.#path), [{ path: this.#path, bytes }]);
      }
      this.#file = file;
      return this.spent(task, delta);
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

function checkLimit(uses: readonly Use[], limit: Budget): void {
  // Quick, and never too small.
  if (renyiEpsilon(uses, limit.delta) <= limit.epsilon) return;
  const epsilon = epsilonOf(uses, limit.delta);
  if (epsilon <= limit.epsilon) return;
  throw new BudgetSpentError(
    `Training would bring this node's privacy budget to epsilon ${epsilon.toPrecision(4)} at delta ${limit.delta}, above its limit of ${limit.epsilon}`,
    { hint: "Leave the task, or raise privacyBudget in node.yaml", facts: { epsilon, limit: limit.epsilon } },
  );
}

/** The same uses, each mechanism once: the file does not grow with the rounds. */
function merged(uses: readonly Use[]): Use[] {
  const counts = new Map<string, Use>();
  for (const { mechanism: kind, times } of uses) {
    const key = JSON.stringify(kind);
    counts.set(key, { mechanism: kind, times: (counts.get(key)?.times ?? 0) + times });
  }
  return [...counts.values()];
}

/** A budget in millionths, rounded up, as an update says it. */
export function toMicro({ epsilon, delta }: Budget): SpentBudget {
  // What a double cannot hold of a decimal fraction is not rounded up to a millionth.
  const micro = (value: number) => Math.ceil(value * 1e6 * (1 - 2 ** -50));
  return { epsilonMicro: micro(epsilon), deltaMicro: micro(delta) };
}
