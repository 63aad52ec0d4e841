import { once } from "node:events";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest, MemberId } from "@concordat/protocol/ids";
import { electCommittee } from "@concordat/protocol/rules/committeeElection";
import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import type { CommitteeView, PostedUpdate, RoundView } from "@concordat/chain/contracts/roundView";
import { AggregationSession } from "./aggregationSession.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import { blockOf } from "../blockOf.ts";
import { noteArtifacts } from "../serving/pruneArtifacts.ts";
import { propose } from "./propose.ts";
import type { Services } from "../services.ts";
import { signedUpdate } from "./trainingStep.ts";
import { UpdateCollection } from "./updateCollection.ts";
import { nextLook } from "./waiting.ts";

/** Milliseconds before logs that were incomplete are read again, at most as long as a block takes. */
const LOGS_PAUSE_MS = 1000;

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
  // One decision, one block: what stands in it contradicts itself nowhere.
  const at = blockOf(chain, view);
  await releaseUpdate(services, task, view);
  const [committee, { members, words }, active] = await Promise.all([
    chain.committeeOf(taskId, at),
    chain.posted(taskId, at),
    chain.activeMembers(taskId, at),
  ]);
  checkElection(task, view, committee, active, members);
  const rank = committee.nodeIds.indexOf(nodeId);
  if (rank < 0) return board.update(taskId, { doing: "waiting for the committee" });

  const posted = await allPosted(services, task, view, members, signal);
  await noteArtifacts(
    services,
    task,
    view.round,
    posted.map(({ digest }) => digest),
  );
  board.update(taskId, { doing: rank === 0 ? "leading the committee" : "checking as a committee member" });
  const updates = new UpdateCollection(services, task, view, posted);
  const session = new AggregationSession({ services, task, view, committee, updates, words, signal });
  sessions.add(session);
  try {
    await Promise.all([
      // Others may still ask for this node's attestation until the phase has moved.
      propose(services, session, rank, signal).then(async () => ended(signal)),
      updates.fetchAll(untilTime(services, view.fetchEnd, signal), signal),
    ]);
  } finally {
    sessions.remove(session);
  }
}

/** Resolves when a signal has aborted. */
async function ended(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

/** Serves the update from now on: Training has closed, so nobody can copy it any more. */
async function releaseUpdate({ store }: Services, task: ServedTask, view: RoundView): Promise<void> {
  const own = await signedUpdate(task, view);
  const digest = own?.value.digest as Digest | undefined;
  if (digest === undefined || !(await store.has(digest))) return;
  try {
    await store.release(digest);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    task.logger.error(
      { round: view.round, problem: error.message },
      "this node's own update cannot be given to anyone",
    );
  }
}

/**
 * The updates of this opening, from its events, once they are exactly those that the contract counts: an endpoint may give
 * blocks before their logs. On an incomplete list nothing is signed and nothing proposed; it is asked for until it is whole
 * or the phase is over.
 */
async function allPosted(
  { board, chain }: Services,
  { taskId, logger }: ServedTask,
  view: RoundView,
  members: ReadonlySet<MemberId>,
  signal: AbortSignal,
): Promise<readonly PostedUpdate[]> {
  const opening = { taskId, round: view.round, retry: view.retry };
  let isSaid = false;
  for (;;) {
    const { head } = chain.heads;
    try {
      const posted = await chain.postedUpdates(opening, view.openedAt, blockOf(chain, view));
      const isWhole = posted.length === members.size && posted.every(({ memberId }) => members.has(memberId));
      if (isSaid && isWhole) logger.info({ round: view.round }, "the endpoint's logs are complete now");
      if (isWhole) return posted;
    } catch (error) {
      signal.throwIfAborted();
      if (!isEndpointFault(error)) throw error;
    }
    signal.throwIfAborted();
    if (!isSaid) {
      const { round, block } = view;
      logger.warn(
        { round, block, updates: members.size },
        "the endpoint's logs do not name all updates that the contract counts: waiting for them",
      );
      board.update(taskId, { doing: "waiting for the endpoint's logs" });
    }
    isSaid = true;
    await nextLook(chain.heads, head, LOGS_PAUSE_MS, signal);
  }
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
