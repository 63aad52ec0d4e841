import { once } from "node:events";
import type { Digest, MemberId } from "../../../protocol/ids.ts";
import { electCommittee } from "../../../protocol/rules/committeeElection.ts";
import type { CommitteeView, RoundView } from "../chain/roundView.ts";
import { AggregationSession } from "./aggregationSession.ts";
import type { ServedTask } from "./openTask.ts";
import { noteArtifacts } from "./pruneArtifacts.ts";
import { propose } from "./propose.ts";
import type { Services } from "./services.ts";
import { signedUpdate } from "./trainingStep.ts";
import { UpdateCollection } from "./updateCollection.ts";

/**
 * The node's part of Aggregation: hands out its update, and where it is in the attempt's committee, fetches all updates,
 * recomputes, attests, and proposes when its turn comes.
 */
export async function aggregationStep(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<void> {
  const { board, chain, nodeId, sessions } = services;
  const { taskId } = task;
  const [committee, { members, words }, posted, active] = await Promise.all([
    chain.committeeOf(taskId),
    chain.posted(taskId),
    chain.postedUpdates({ taskId, round: view.round, retry: view.retry }, view.openedAt),
    chain.activeMembers(taskId),
    releaseUpdate(services, task, view),
  ]);
  checkElection(task, view, committee, active, members);
  const rank = committee.nodeIds.indexOf(nodeId);
  if (rank < 0) return board.update(taskId, { doing: "waiting for the committee" });

  board.update(taskId, { doing: rank === 0 ? "leading the committee" : "checking as a committee member" });
  await noteArtifacts(
    services,
    task,
    view.round,
    posted.map(({ digest }) => digest),
  );
  const updates = new UpdateCollection(services, task, view, posted);
  const session = new AggregationSession({ services, task, view, committee, updates, words, signal });
  sessions.add(session);
  try {
    const [proposed] = await Promise.all([
      propose(services, session, rank, signal),
      updates.fetchAll(untilTime(services, view.fetchEnd, signal), signal),
    ]);
    // Others may still ask for this node's attestation until the phase has moved.
    if (!signal.aborted) await once(signal, "abort");
    return proposed;
  } finally {
    sessions.remove(session);
  }
}

/** Serves the update from now on: Training has closed, so nobody can copy it any more. */
async function releaseUpdate({ store }: Services, task: ServedTask, view: RoundView): Promise<void> {
  const own = await signedUpdate(task, view);
  const digest = own?.value.digest as Digest | undefined;
  if (digest !== undefined && (await store.has(digest))) await store.release(digest);
}

/** A signal that aborts at a time of the chain; at once where that has passed. */
function untilTime({ chain }: Services, time: number, signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const look = (): void => {
    if (chain.heads.now() >= time) controller.abort();
  };
  const timer = setInterval(look, 100);
  const stop = (): void => clearInterval(timer);
  signal.addEventListener("abort", stop, { once: true });
  controller.signal.addEventListener("abort", stop, { once: true });
  look();
  return controller.signal;
}

/** Elects the committee again by the protocol's own rule: contract and node must agree before anything is signed. */
function checkElection(
  { terms }: ServedTask,
  { seed, attempt }: RoundView,
  committee: CommitteeView,
  active: readonly MemberId[],
  posted: ReadonlySet<MemberId>,
): void {
  if (/^0x0*$/.test(seed)) return;
  const elected = electCommittee(seed, attempt, active, terms.gammaBps, (member) => posted.has(member));
  if (elected.members.join() !== committee.memberIds.join() || elected.threshold !== committee.threshold) {
    throw new Error(
      `contract and protocol elect different committees: ${committee.memberIds} and ${elected.members}`,
    );
  }
}
