import { Phase } from "@concordat/protocol/contracts/enums";
import type { MemberId, NodeId } from "@concordat/protocol/ids";
import { rankOpensAt } from "@concordat/protocol/rules/roundClock";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import type { AwaitedMember } from "../status/nodeStatus.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import { problemOf } from "../status/problemOf.ts";
import type { Services } from "../services.ts";
import { stepKey } from "../tasks/taskStep.ts";

/** Active members of a task of which each is asked about only once a phase: there is a question for each. */
const MANY = 64;
/** Members that are named in a log line at most. */
const NAMED = 8;

/**
 * Names those for whom a phase waits once half of its time is over: in the status, and in one line of the log. A member that
 * is dead slows every round until the others expel it, and nobody can who does not know which one it is.
 */
export class AwaitedMembers {
  readonly #services: Services;
  readonly #task: ServedTask;
  readonly #signal: AbortSignal;
  #working: Promise<void> | undefined;
  /** What was looked at: again when somebody has posted since. */
  #seen = "";
  #said = "";

  constructor(services: Services, task: ServedTask, signal: AbortSignal) {
    this.#services = services;
    this.#task = task;
    this.#signal = signal;
  }

  /** Looks, where it is time to, without holding anybody up. */
  see(view: RoundView): void {
    const { phase, phaseStart, deadline } = view;
    const isOpen = phase === Phase.Training || phase === Phase.Aggregation || phase === Phase.Negotiation;
    if (!isOpen || this.#working !== undefined) return;
    if (this.#services.chain.heads.now() < phaseStart + (deadline - phaseStart) / 2) return;
    const counts = view.activeCount > MANY ? "" : `${view.postedCount} ${view.reportedCount}`;
    const seen = `${stepKey(view)} ${counts} ${this.#rankNow(view)}`;
    if (seen === this.#seen) return;
    this.#working = this.#look(view)
      .then(() => (this.#seen = seen))
      .catch((error: unknown) => {
        if (!this.#signal.aborted)
          this.#task.logger.debug({ problem: problemOf(error) }, "who is awaited cannot be read yet");
      })
      .then(() => (this.#working = undefined));
  }

  /** Resolves when nothing of it is under way. */
  async done(): Promise<void> {
    await this.#working;
  }

  async #look(view: RoundView): Promise<void> {
    const { board } = this.#services;
    const { taskId, logger } = this.#task;
    const awaits = await this.#awaited(view);
    this.#signal.throwIfAborted();
    board.update(taskId, { awaits });
    const key = stepKey(view);
    if (awaits.length === 0 || this.#said === key) return;
    this.#said = key;
    const nodes = awaits.map(({ node }) => node);
    logger.warn(
      {
        round: view.round,
        for: awaits[0]?.for,
        members: awaits.slice(0, NAMED).map(({ member }) => member),
        nodes: nodes.slice(0, NAMED),
        count: awaits.length,
        secondsLeft: Math.max(0, view.deadline - this.#services.chain.heads.now()),
        remedy: `concordat task expel ${nodes.length === 1 ? nodes[0] : "NODE"} opens a vote on a node that is gone for good`,
      },
      "more than half of the phase has passed, and it waits for members",
    );
  }

  async #awaited(view: RoundView): Promise<AwaitedMember[]> {
    const { chain, peers } = this.#services;
    const { taskId } = this.#task;
    if (view.phase === Phase.Aggregation) return this.#proposers(view);
    const [active, { members: posted }] = await Promise.all([
      chain.activeMembers(taskId, view.block),
      chain.posted(taskId, view.block),
    ]);
    // The contract has no bitmap of reports: asked one by one, a large task's members cost too much.
    if (view.phase === Phase.Negotiation && active.length > MANY) return [];
    const isDone =
      view.phase === Phase.Training
        ? async (member: MemberId): Promise<boolean> => posted.has(member)
        : async (member: MemberId): Promise<boolean> => chain.hasReported(taskId, member, view.block);
    const done = await Promise.all(active.map(isDone));
    const missing = active.filter((_, i) => !done[i]);
    const what = view.phase === Phase.Training ? "update" : "scores";
    return Promise.all(
      missing.map(async (member) => ({
        member,
        node: await peers.nodeOfMember(taskId, member),
        for: what,
      })),
    );
  }

  /** Whoever of the committee may post the aggregate by now. */
  async #proposers(view: RoundView): Promise<AwaitedMember[]> {
    const { memberIds, nodeIds } = await this.#services.chain.committeeOf(this.#task.taskId, view.block);
    return memberIds
      .slice(0, this.#rankNow(view) + 1)
      .map((member, i) => ({ member, node: nodeIds[i] as NodeId, for: "aggregate" }));
  }

  /** The highest rank whose turn to propose has come. */
  #rankNow(view: RoundView): number {
    if (view.phase !== Phase.Aggregation) return 0;
    const now = this.#services.chain.heads.now();
    let rank = 0;
    while (rank < view.activeCount && rankOpensAt(this.#task.terms, view.phaseStart, rank + 1) <= now) rank++;
    return rank;
  }
}
