import type { SpentBudget } from "@concordat/protocol/artifacts/artifactMetadata";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { CheckLog, CheckPlace } from "../checks.ts";

/**
 * The least that a node has spent of its privacy in a task by training once on each of these numbers of records; undefined
 * where the manifest asks for no privacy. Given from outside because the audit depends on `protocol/` only.
 */
export type LeastSpent = (manifest: TaskManifest, records: readonly number[]) => SpentBudget | undefined;

/** Compositions beside those after 1, 2, 4, 8... trainings and after the last that one node's claims may cause in a task. */
const EXTRA_COMPOSITIONS = 4;

/** What an update said, where, and after how many trainings. */
interface Claim {
  readonly place: CheckPlace;
  readonly trainings: number;
  readonly spent: SpentBudget | undefined;
}

/** What a node did in a task. */
interface NodeHistory {
  readonly taskId: number;
  /** Training records of each of its updates so far, as the updates claim on chain. */
  readonly records: number[];
  /** Undefined before the first update whose artifact could be read. */
  manifest: TaskManifest | undefined;
  /** Its newest claim, which is judged when the next is known, or at the end. */
  pending: Claim | undefined;
  /** The last budget that it said to have spent, of the claims that were judged. */
  last: SpentBudget | undefined;
  /** The least after the first `composed` trainings, which any later claim must reach. */
  least: SpentBudget;
  composed: number;
  extraCompositions: number;
}

/**
 * Checks the privacy budgets that updates say to have spent: never less than before, and never less than the accountant
 * gives for the node's trainings that the chain shows. More is possible: what came to no update counts too.
 *
 * Composing is slow. So the accountant is asked for a node's last claim in a task, for those after 1, 2, 4, 8... trainings,
 * and for the first few that are absent or no greater than the one before, though a training came in between. Any other
 * claim is held against the trainings that were composed before, since more trainings never spend less.
 */
export class SpentBudgets {
  readonly #checks: CheckLog;
  readonly #leastSpent: LeastSpent;
  readonly #histories = new Map<string, NodeHistory>();
  /** By task and numbers of records, in whatever order: nodes often have the same. */
  readonly #known = new Map<string, SpentBudget | undefined>();

  constructor(checks: CheckLog, leastSpent: LeastSpent) {
    this.#checks = checks;
    this.#leastSpent = leastSpent;
  }

  /** Notes an update of a node, whether or not its artifact can be had. */
  note(taskId: number, nodeId: number, records: number): void {
    this.#historyOf(taskId, nodeId).records.push(records);
  }

  /** Takes what the artifact of the node's latest update says, and judges its claim before. */
  check(
    place: CheckPlace,
    manifest: TaskManifest,
    taskId: number,
    nodeId: number,
    spent: SpentBudget | undefined,
  ): void {
    if (manifest.privacy.kind === "none") return;
    const history = this.#historyOf(taskId, nodeId);
    this.#judge(history, false);
    history.manifest = manifest;
    history.pending = { place, trainings: history.records.length, spent };
  }

  /** Judges the last claim of every node in every task. */
  finish(): void {
    for (const history of this.#histories.values()) this.#judge(history, true);
  }

  #judge(history: NodeHistory, isLast: boolean): void {
    const { pending, last } = history;
    if (pending === undefined) return;
    const { place, spent, trainings } = pending;
    if (isLast || trainings >= 2 * history.composed) this.#compose(history, trainings);
    else if (
      (spent === undefined || spent.epsilonMicro <= (last?.epsilonMicro ?? 0)) &&
      history.extraCompositions < EXTRA_COMPOSITIONS
    ) {
      history.extraCompositions++;
      this.#compose(history, trainings);
    }
    const { least } = history;
    const floor = {
      epsilonMicro: Math.max(least.epsilonMicro, last?.epsilonMicro ?? 0),
      deltaMicro: Math.max(least.deltaMicro, last?.deltaMicro ?? 0),
    };
    const isEnough =
      spent !== undefined && spent.epsilonMicro >= floor.epsilonMicro && spent.deltaMicro >= floor.deltaMicro;
    const found = spent && budgetText(spent);
    this.#checks.expect("update.privacy", place, isEnough ? found : `at least ${budgetText(floor)}`, found);
    history.last = spent ?? last;
    history.pending = undefined;
  }

  #compose(history: NodeHistory, trainings: number): void {
    const { taskId, manifest, records } = history;
    if (manifest === undefined) return;
    const counts = records.slice(0, trainings).toSorted((a, b) => a - b);
    const key = `${taskId}/${counts.join()}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#leastSpent(manifest, counts));
    history.least = this.#known.get(key) ?? history.least;
    history.composed = trainings;
  }

  #historyOf(taskId: number, nodeId: number): NodeHistory {
    const key = `${taskId}/${nodeId}`;
    const history = this.#histories.get(key) ?? {
      taskId,
      records: [],
      manifest: undefined,
      pending: undefined,
      last: undefined,
      least: { epsilonMicro: 0, deltaMicro: 0 },
      composed: 0,
      extraCompositions: 0,
    };
    this.#histories.set(key, history);
    return history;
  }
}

function budgetText({ epsilonMicro, deltaMicro }: SpentBudget): string {
  return `epsilon ${epsilonMicro / 1e6} at delta ${deltaMicro / 1e6}`;
}
