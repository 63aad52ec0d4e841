import type { EventCounts } from "./eventCounts.ts";
import type { ViewReader } from "./views.ts";

/** Fewer events than the contracts count. */
export interface EventGap {
  /** In the plural, e.g. "updates of task 1 in round 3". */
  readonly what: string;
  readonly found: number;
  readonly counted: number;
}

/** Gaps that are told one by one; of more only their number. */
const TOLD = 3;

/**
 * Compares events with what the contracts count at a block: who gives logs says nothing where some are missing. The contracts
 * count nodes, proposals, removals, tasks, members, recorded rounds, and the updates and reports of the running round; an
 * event that none of these counts (a vote, a deposit) can be missing unseen.
 * @param view Reads the contracts at the block up to which the events are.
 * @param isWanted Tasks to look at; all by default.
 */
export async function findEventGaps(
  view: ViewReader,
  counts: EventCounts,
  isWanted: (taskId: number) => boolean = () => true,
): Promise<readonly EventGap[]> {
  const gaps: EventGap[] = [];
  const compare = (what: string, found: number, counted: unknown): void => {
    if (found < Number(counted)) gaps.push({ what, found, counted: Number(counted) });
  };
  const [nodes, proposals, removals, tasks] = await Promise.all([
    view<bigint>("NodeRegistry", "nodeCount"),
    view<bigint>("NodeRegistry", "proposalCount"),
    view<bigint>("NodeRegistry", "removalCount"),
    view<bigint>("TaskRegistry", "taskCount"),
  ]);
  compare("admissions of nodes", counts.admissions, nodes);
  compare("proposals", counts.proposals, proposals);
  compare("removals of nodes", counts.removals, removals);
  compare("tasks", counts.publications, tasks);
  for (let taskId = 1; taskId <= Number(tasks); taskId++) {
    if (!isWanted(taskId)) continue;
    const [status, recorded, round] = await Promise.all([
      view<Struct>("TaskRegistry", "status", taskId),
      view<bigint>("RewardLedger", "recordedRounds", taskId),
      view<Struct>("RoundCoordinator", "roundOf", taskId),
    ]);
    const task = counts.task(taskId);
    compare(`members of task ${taskId}`, task.members, status["memberCount"]);
    compare(`recorded rounds of task ${taskId}`, task.records, recorded);
    compare(`finalised rounds of task ${taskId}`, task.finalisations, task.records);
    const opening = task.of(Number(round["round"]), Number(round["retry"]));
    const where = `of task ${taskId} in round ${Number(round["round"])}`;
    compare(`updates ${where}`, opening.updates, round["postedCount"]);
    compare(`reports ${where}`, opening.reports, round["reportedCount"]);
  }
  return gaps;
}

type Struct = Readonly<Record<string, unknown>>;

/** Gaps in words: "2 of 4 updates of task 1 in round 3, 0 of 1 tasks, and 2 more". */
export function gapWords(gaps: readonly EventGap[]): string {
  const told = gaps.slice(0, TOLD).map(({ what, found, counted }) => `${found} of ${counted} ${what}`);
  return [...told, ...(gaps.length > TOLD ? [`and ${gaps.length - TOLD} more`] : [])].join(", ");
}
