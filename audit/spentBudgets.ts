import type { SpentBudget } from "../protocol/artifactMetadata.ts";
import type { TaskManifest } from "../protocol/manifest.ts";
import type { CheckLog, CheckPlace } from "./checks.ts";

/**
 * The least that a node has spent of its privacy in a task by training once on each of these numbers of records; undefined
 * where the manifest asks for no privacy. Given from outside because the audit depends on `protocol/` only.
 */
export type LeastSpent = (manifest: TaskManifest, records: readonly number[]) => SpentBudget | undefined;

/** What a node did in a task. */
interface NodeHistory {
  /** Training records of each of its updates so far, as the updates claim on chain. */
  readonly records: number[];
  /** The last budget that it said to have spent. */
  last: SpentBudget | undefined;
}

/**
 * Checks the privacy budgets that updates say to have spent: never less than before, and never less than the accountant
 * gives for the node's trainings that the chain shows. More is possible: what came to no update counts too.
 */
export class SpentBudgets {
  readonly #checks: CheckLog;
  readonly #leastSpent: LeastSpent;
  readonly #histories = new Map<string, NodeHistory>();
  /** By task and numbers of records: composing is slow, and nodes often have the same. */
  readonly #known = new Map<string, SpentBudget | undefined>();

  constructor(checks: CheckLog, leastSpent: LeastSpent) {
    this.#checks = checks;
    this.#leastSpent = leastSpent;
  }

  /** Notes an update of a node, whether or not its artifact can be had. */
  note(taskId: number, nodeId: number, records: number): void {
    this.#historyOf(taskId, nodeId).records.push(records);
  }

  /** Checks what the artifact of the node's latest update says. */
  check(
    place: CheckPlace,
    manifest: TaskManifest,
    taskId: number,
    nodeId: number,
    spent: SpentBudget | undefined,
  ): void {
    const history = this.#historyOf(taskId, nodeId);
    const least = this.#leastOf(taskId, manifest, history.records);
    if (least === undefined) return;
    const floor = {
      epsilonMicro: Math.max(least.epsilonMicro, history.last?.epsilonMicro ?? 0),
      deltaMicro: Math.max(least.deltaMicro, history.last?.deltaMicro ?? 0),
    };
    const isEnough =
      spent !== undefined && spent.epsilonMicro >= floor.epsilonMicro && spent.deltaMicro >= floor.deltaMicro;
    const found = spent && budgetText(spent);
    this.#checks.expect("update.privacy", place, isEnough ? found : `at least ${budgetText(floor)}`, found);
    history.last = spent ?? history.last;
  }

  #historyOf(taskId: number, nodeId: number): NodeHistory {
    const key = `${taskId}/${nodeId}`;
    const history = this.#histories.get(key) ?? { records: [], last: undefined };
    this.#histories.set(key, history);
    return history;
  }

  #leastOf(taskId: number, manifest: TaskManifest, records: readonly number[]): SpentBudget | undefined {
    const key = `${taskId}/${records.join()}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#leastSpent(manifest, records));
    return this.#known.get(key);
  }
}

function budgetText({ epsilonMicro, deltaMicro }: SpentBudget): string {
  return `epsilon ${epsilonMicro / 1e6} at delta ${deltaMicro / 1e6}`;
}
