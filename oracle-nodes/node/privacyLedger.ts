import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { ConcordatError } from "@concordat/protocol/errors";
import { writeDurably } from "@concordat/files/durableFile";
import type { Budget } from "@concordat/learning/privacy/budget";
import { epsilonAside } from "@concordat/learning/nodeOnly/epsilonAside";
import type { Use } from "@concordat/learning/privacy/mechanism";
import { mergedUses } from "@concordat/learning/privacy/mergedUses";
import { renyiEpsilon, WHOLE_ORDERS } from "@concordat/learning/privacy/renyi";

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
  async spent(task: string, delta: number): Promise<Budget> {
    return { epsilon: await epsilonAside(this.usesOf(task), delta), delta };
  }

  /**
   * Charges a training to a task; once this resolves, it is charged for good.
   * @param limit What the node may spend in all its tasks together, if its operator limits it.
   * @returns What the task has spent with it, for this delta.
   * @throws {BudgetSpentError} when it would pass the limit; then nothing is charged.
   */
  async charge(task: string, uses: readonly Use[], delta: number, limit?: Budget): Promise<Budget> {
    const done = this.#queue.then(async (): Promise<Budget> => {
      const tasks = { ...this.#file.tasks, [task]: mergedUses([...this.usesOf(task), ...uses]) };
      if (limit !== undefined) await checkLimit(Object.values(tasks).flat(), limit);
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

async function checkLimit(uses: readonly Use[], limit: Budget): Promise<void> {
  // Quick, and never too small.
  if (renyiEpsilon(uses, limit.delta, WHOLE_ORDERS) <= limit.epsilon) return;
  const epsilon = await epsilonAside(uses, limit.delta);
  if (epsilon <= limit.epsilon) return;
  throw new BudgetSpentError(
    `Training would bring this node's privacy budget to epsilon ${epsilon.toPrecision(4)} at delta ${limit.delta}, above its limit of ${limit.epsilon}`,
    { hint: "Leave the task, or raise privacyBudget in node.yaml", facts: { epsilon, limit: limit.epsilon } },
  );
}
