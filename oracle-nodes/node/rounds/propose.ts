import { setTimeout as sleep } from "node:timers/promises";
import { Phase } from "@concordat/protocol/contracts/enums";
import type { Digest, MemberId } from "@concordat/protocol/ids";
import { rankOpensAt } from "@concordat/protocol/rules/roundClock";
import { REFUSALS, type AggregationRequest, type AggregationResponse } from "./aggregationMessages.ts";
import type { AggregationSession, Outcome } from "./aggregationSession.ts";
import { askCommittee } from "./askCommittee.ts";
import { ensureSubmitted } from "./ensureSubmitted.ts";
import type { Services } from "../services.ts";

/** Milliseconds between two looks at what is still missing. */
const PAUSE_MS = 200;
/** Pause after too few attested, at most. */
const MAX_PAUSE_MS = 3000;

interface RankedSignature {
  readonly rank: number;
  readonly signature: string;
}

/**
 * What the member of this rank does to end an attempt: waits for the updates and for its turn, settles with the others
 * which are in, collects attestations, and posts the proposal. Ends when the chain shows it, or by the signal.
 */
export async function propose(
  services: Services,
  session: AggregationSession,
  rank: number,
  signal: AbortSignal,
): Promise<void> {
  const { board, chain } = services;
  const { task, view, updates } = session;
  const opensAt = rankOpensAt(task.terms, view.phaseStart, rank);
  await updates.tried(signal);
  while (!(updates.isComplete || chain.heads.now() >= view.fetchEnd))
    await sleep(PAUSE_MS / 10, undefined, { signal });
  task.logger.debug({ round: view.round, rank }, "updates fetched");
  while (chain.heads.now() < opensAt) await sleep(PAUSE_MS, undefined, { signal });

  for (let pause = PAUSE_MS; ; pause = Math.min(MAX_PAUSE_MS, pause * 2)) {
    const outcome = await settle(services, session, rank, signal);
    const own = await session.sign(outcome);
    board.update(task.taskId, { doing: "collecting attestations" });
    const signatures = await collect(services, session, { rank, signature: own.signature }, signal);
    if (signatures.length >= session.committee.threshold) {
      task.logger.info(
        { round: view.round, rank, attestations: signatures.length },
        "proposing the aggregate",
      );
      board.update(task.taskId, { doing: "posting the aggregate" });
      return submit(services, session, rank, signatures, signal);
    }
    const { length: attestations } = signatures;
    task.logger.info({ attestations, threshold: session.committee.threshold }, "too few attestations yet");
    await sleep(pause, undefined, { signal });
  }
}

/**
 * Finds the set of updates to propose. All posted ones need no discussion. Otherwise the others are asked what they hold,
 * and what they object with is fetched from them, until the objections end. Whoever takes over from an earlier rank
 * first asks what was attested already, and goes on with that.
 */
async function settle(
  services: Services,
  session: AggregationSession,
  rank: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const { updates, committee } = session;
  for (;;) {
    const before = await session.signed();
    if (before !== undefined) return before;
    const isSettled = updates.isComplete || session.objectionsEnded;
    if (updates.isComplete && rank === 0) return session.recompute(updates.available);
    const answers = await ask(
      services,
      session,
      { ...identity(session), kind: "review", available: updates.available },
      signal,
    );
    for (const [from, answer] of answers) {
      if (answer?.kind !== "reviewed") continue;
      const holders = committee.nodeIds.slice(from, from + 1);
      const attested = answer.signed && [...answer.signed.accepted, ...answer.signed.rejected];
      await updates.obtain([...answer.objections, ...(attested ?? [])] as MemberId[], holders, signal);
      if (attested !== null && canTakeOver(session, attested as MemberId[]))
        return session.recompute((attested as MemberId[]).toSorted((a, b) => a - b));
    }
    if (isSettled) return session.recompute(updates.available);
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

/** Whether this node would attest a set that another claims to have attested: the claim itself proves nothing. */
function canTakeOver({ updates, owed }: AggregationSession, attested: readonly MemberId[]): boolean {
  const isHere = attested.length > 0 && attested.every((member) => updates.has(member));
  return isHere && owed.every((member) => attested.includes(member));
}

/** Asks all others of the committee to attest what this node has attested; the valid answers, ascending by rank. */
async function collect(
  services: Services,
  session: AggregationSession,
  own: RankedSignature,
  signal: AbortSignal,
): Promise<RankedSignature[]> {
  const outcome = await session.signed();
  if (outcome === undefined) throw new Error("a proposer attests before it asks others to");
  const { threshold } = session.committee;
  const signatures = [own];
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  const request: AggregationRequest = {
    ...identity(session),
    kind: "attest",
    ...own,
    digest: outcome.digest,
    accepted: [...outcome.accepted],
    rejected: [...outcome.rejected],
  };
  await ask(services, session, request, either, async (rank, answer) => {
    if (answer?.kind === "refused") {
      const { reason, member } = answer;
      session.task.logger.info({ rank, reason: REFUSALS[reason], member }, "attestation refused");
    }
    if (answer?.kind !== "signed" || !(await session.isSignedByRank(rank, outcome, answer.signature))) return;
    signatures.push({ rank, signature: answer.signature });
    if (signatures.length >= threshold) enough.abort();
  }).catch(() => signal.throwIfAborted());
  return signatures.toSorted((a, b) => a.rank - b.rank);
}

/** Asks every other member of the committee at once. */
async function ask(
  { nodeId, peers }: Services,
  { committee }: AggregationSession,
  request: AggregationRequest,
  signal: AbortSignal,
  onAnswer: (rank: number, answer: AggregationResponse | undefined) => Promise<void> = async () => undefined,
): Promise<[rank: number, answer: AggregationResponse | undefined][]> {
  const others = [...committee.nodeIds.entries()].filter(([, id]) => id !== nodeId);
  return Promise.all(
    others.map(async ([rank, id]): Promise<[number, AggregationResponse | undefined]> => {
      const answer = await askCommittee(await peers.endpointsOf(id), request, signal);
      if (answer === undefined) peers.suspect(id);
      await onAnswer(rank, answer);
      return [rank, answer];
    }),
  );
}

function identity({ task, view }: AggregationSession) {
  const { round, retry, attempt, base } = view;
  return { taskId: task.taskId, round, retry, attempt, base };
}

async function submit(
  { chain }: Services,
  session: AggregationSession,
  proposerRank: number,
  attestations: readonly RankedSignature[],
  signal: AbortSignal,
): Promise<void> {
  const { task, view } = session;
  const outcome = await session.signed();
  if (outcome === undefined) throw new Error("a proposer attests before it posts");
  const { accepted, rejected } = session.attestation(outcome);
  const proposal = {
    proposerRank,
    digest: outcome.digest as Digest,
    accepted: [...accepted],
    rejected: [...rejected],
    attestations: [...attestations],
  };
  await ensureSubmitted(
    chain,
    task.logger,
    "the aggregate was",
    async () => {
      const now = await chain.roundOf(task.taskId);
      signal.throwIfAborted();
      const isSame = now.round === view.round && now.retry === view.retry && now.attempt === view.attempt;
      return !(isSame && now.phase === Phase.Aggregation);
    },
    () =>
      chain.submitAggregate(
        { taskId: task.taskId, round: view.round, retry: view.retry },
        view.attempt,
        proposal,
        signal,
      ),
    signal,
  );
}
