import { awaitedIn, awaitedWords } from "@concordat/protocol/rules/awaited";
import type { RoundInProgress } from "@concordat/protocol/rules/awaited";
import { fromBitmap } from "@concordat/protocol/rules/bitmap";
import { Phase, enumName, enumValue } from "@concordat/protocol/contracts/enums";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { contractErrorOf } from "@concordat/chain/contracts/contractError";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import { inBatches } from "@concordat/chain/endpoints/inBatches";

/** The block at which everything of one answer is read, so that its parts belong together. */
export interface ReadAt {
  readonly blockTag: number;
  /** Its time in unix seconds. */
  readonly timestamp: number;
}

/** Reads the running round of a task, and who is awaited in it. */
export async function readRound(chain: ChainReader, taskId: number, terms: TaskTerms, at: ReadAt) {
  const { roundCoordinator } = chain.contracts;
  const { blockTag } = at;
  const view = await roundCoordinator.roundOf(taskId, { blockTag });
  const deadline = Number(view.deadline);
  // What the contract calls due is over, even where no block has told the time since.
  const now = Math.max(at.timestamp, view.due ? deadline : 0);
  const inProgress: RoundInProgress = {
    taskId,
    phase: enumValue(Phase, view.phase),
    round: Number(view.round),
    attempt: Number(view.attempt),
    quorum: Number(view.quorum),
    phaseStart: Number(view.phaseStart),
    deadline,
    slotSeconds: terms.slotSeconds,
    ...(await readActs(chain, taskId, enumValue(Phase, view.phase), blockTag)),
  };
  return {
    round: inProgress.round,
    retry: Number(view.retry),
    attempt: inProgress.attempt,
    phase: enumName(Phase, view.phase),
    due: view.due,
    posted: Number(view.postedCount),
    reported: Number(view.reportedCount),
    quorum: inProgress.quorum,
    alphaBps: Number(view.alphaBps),
    deadline,
    secondsLeft: Math.max(0, deadline - now),
    base: view.base,
    awaited: awaitedIn(inProgress, now),
    /** The same in words, which stay the same whichever surface says them. */
    words: awaitedWords(inProgress, now),
  };
}

/** Who is active, who has acted, and who sits in the committee. */
async function readActs(
  { contracts: { roundCoordinator, taskRegistry } }: ChainReader,
  taskId: number,
  phase: Phase,
  blockTag: number,
): Promise<Pick<RoundInProgress, "active" | "posted" | "reported" | "committee">> {
  const at = { blockTag };
  const members = (await taskRegistry.activeMembers(taskId, at)).map(Number);
  const nodes = await inBatches(members, async (member) =>
    Number(await taskRegistry.nodeIdOfMember(taskId, member, at)),
  );
  const active = new Map(members.map((member, i) => [member, nodes[i] ?? 0]));
  const posted = new Set(fromBitmap(await roundCoordinator.postedBitmap(taskId, at)));
  const reported = phase === Phase.Negotiation ? await reporters() : new Set<number>();
  const committee = phase === Phase.Aggregation ? await readCommittee() : undefined;
  return { active, posted, reported, committee };

  async function reporters(): Promise<Set<number>> {
    const has = await inBatches(members, async (member) => roundCoordinator.hasReported(taskId, member, at));
    return new Set(members.filter((_, i) => has[i]));
  }

  /** By rank; undefined while the election's seed is not known. */
  async function readCommittee(): Promise<number[] | undefined> {
    try {
      const [nodeIds] = await roundCoordinator.committeeOf(taskId, at);
      return nodeIds.map(Number);
    } catch (error) {
      if (contractErrorOf(error) === undefined) throw error;
      return undefined;
    }
  }
}
