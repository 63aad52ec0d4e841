import { Phase } from "@concordat/protocol/contracts/enums";
import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import { unpackScores } from "@concordat/protocol/rules/packedScores";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import type { ServedTask } from "../tasks/servedTask.ts";
import { forgetPersonalised } from "./personalisedModel.ts";
import { problemOf } from "../status/problemOf.ts";
import type { Services } from "../services.ts";

/** A round whose end was seen and is not certain yet. */
interface Pending {
  readonly round: number;
  /** The block from which on it counts as certain, if the round is over then. */
  readonly sureAt: number;
  readonly facts: Promise<Record<string, unknown>>;
}

/**
 * Logs finalised rounds: the attempt's leader (a node id), the chosen alpha, this node's own score at it, and what it
 * received and sent since the last one, as far as they can still be known. A round is logged once its end is as deep again
 * as everything that this node acts on, and still there; one that is taken back after that is said to be. It only reports:
 * nothing of it ever fails a task.
 */
export class FinalisedRounds {
  readonly #services: Services;
  readonly #task: ServedTask;
  #pending: Pending[] = [];
  /** The latest round that was logged. */
  #logged = 0;

  constructor(services: Services, task: ServedTask) {
    this.#services = services;
    this.#task = task;
  }

  /** Takes note of two looks at the chain, one after the other. */
  async see(before: RoundView | undefined, now: RoundView): Promise<void> {
    if (before !== undefined) {
      if (isBack(before, now)) await this.#takeBack(now);
      else if (await this.#hasEnded(before, now)) this.#note(before, now);
    }
    const sure = this.#pending.filter(({ round, sureAt }) => now.block >= sureAt && isPast(round, now));
    this.#pending = this.#pending.filter((pending) => !sure.includes(pending));
    for (const { round, facts } of sure) {
      this.#task.logger.info({ round, ...(await facts) }, "round finalised");
      this.#logged = Math.max(this.#logged, round);
    }
  }

  async #hasEnded(before: RoundView, now: RoundView): Promise<boolean> {
    if (before.phase === Phase.None) return false;
    if (now.round !== before.round) return true;
    if (now.phase !== Phase.Ended || before.phase === Phase.Ended) return false;
    const status = await this.#services.chain.taskStatus(this.#task.taskId, now.block).catch(() => undefined);
    return status?.roundsPlayed === now.round;
  }

  #note(before: RoundView, now: RoundView): void {
    const { round } = before;
    const sureAt = now.block + this.#services.chain.confirmations;
    const facts = this.#facts(before, now).catch((error: unknown) => ({ problem: problemOf(error) }));
    this.#pending = [...this.#pending.filter((pending) => pending.round !== round), { round, sureAt, facts }];
  }

  async #takeBack(now: RoundView): Promise<void> {
    this.#pending = this.#pending.filter(({ round }) => isPast(round, now));
    const first = now.phase === Phase.None ? 1 : now.round;
    await forgetPersonalised(this.#task.dir, first);
    if (this.#logged < first) return;
    for (let round = first; round <= this.#logged; round++)
      this.#task.logger.warn({ round }, "a finalised round was taken back by a reorganisation");
    this.#logged = first - 1;
  }

  async #facts(before: RoundView, now: RoundView): Promise<Record<string, unknown>> {
    const { taskId, terms, signed, received, sentBytes } = this.#task;
    const { round, retry, base, aggregate } = before;
    const committee = await this.#services.chain.committeeOf(taskId, before.block).catch(() => undefined);
    const report = await signed.find("AccuracyReport", { round, retry, base, aggregate });
    const scores = report && unpackScores(report.value.scores, terms.negotiationSteps);
    const ownScore = scores?.[alphaCandidates(terms).indexOf(now.alphaBps)];
    return {
      leader: committee?.nodeIds[0],
      alphaBps: now.alphaBps,
      ownScore,
      receivedBytes: received.take(),
      sentBytes: sentBytes(),
    };
  }
}

/** Whether a round is over in a view. */
function isPast(round: number, { round: now, phase }: RoundView): boolean {
  return now > round || (now === round && phase === Phase.Ended);
}

/** Whether the chain went back behind what had been seen: only a reorganisation does that. */
function isBack(before: RoundView, now: RoundView): boolean {
  if (before.phase === Phase.None) return false;
  if (now.phase === Phase.None || now.round < before.round) return true;
  return before.phase === Phase.Ended && now.phase !== Phase.Ended;
}
