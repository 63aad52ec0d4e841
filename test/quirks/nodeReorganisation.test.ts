import { expect } from "chai";
import { Phase, TaskState } from "#protocol/contracts/enums";
import type { RoundView } from "#chain/contracts/roundView";
import { LocalFederation } from "../integration/localFederation.ts";
import { Witness, changed } from "./nodeHarness.ts";
import { QuirkProxy } from "./quirkProxy.ts";
import { slow } from "./refusals.ts";

const TAKEN_BACK = "a finalised round was taken back by a reorganisation";

describe("A federation whose chain is reorganised", function () {
  this.timeout(240_000);
  let federation: LocalFederation;
  let cleanUp: (() => Promise<void>)[];
  beforeEach(() => {
    cleanUp = [];
  });
  afterEach(async () => {
    await federation.close();
    for (const undo of cleanUp) await undo();
  });

  it("plays on after a reorganisation over a round's opening, and does not let a round stand that was taken back", async () => {
    const witness = new Witness();
    federation = await LocalFederation.start({ nodes: 4, logger: witness.logger });
    const { provider, heads } = federation.chain;
    const terms = { trainingSeconds: 120, aggregationSeconds: 120, negotiationSeconds: 120, slotSeconds: 60 };
    const task = await federation.publish({ ...terms, rounds: 3 });
    await federation.join(task);
    const [first, ...others] = federation.nodes;
    if (first === undefined) throw new Error("there are four nodes");
    // What one of them sends arrives late, so that each phase lasts long enough to be seen on a busy machine too.
    const late = await QuirkProxy.start(String(first.config.rpcUrl), [
      slow("a slow send", { method: "eth_sendRawTransaction" }, 1000),
    ]);
    cleanUp.push(async () => late.close());
    federation.startNode(changed(first, { rpcUrl: late.url }));
    for (const node of others) federation.startNode(node);
    /** A snapshot of the chain while some still have to report, and the round as it then was. */
    const mark = async (): Promise<{ snapshot: string; before: RoundView }> => {
      await federation.until(
        task,
        ({ round, phase, reportedCount }) => round < 3 && phase === Phase.Negotiation && reportedCount < 4,
      );
      const snapshot = (await provider.send("evm_snapshot", [])) as string;
      return { snapshot, before: await federation.chain.roundOf(task) };
    };
    let { snapshot, before } = await mark();
    while (before.phase !== Phase.Negotiation) ({ snapshot, before } = await mark());
    // The round is over, the next one opens, and its updates are posted at least; nine blocks lie on top.
    const isPast = ({ round, phase }: RoundView): boolean =>
      round > before.round + 1 || (round === before.round + 1 && phase !== Phase.Training);
    await federation.until(task, isPast);
    await heads.reaches(before.block + 9, federation.signal.signal);
    await witness.until(() => witness.said("round finalised").length >= 4);
    expect(await provider.send("evm_revert", [snapshot])).to.equal(true);

    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    const { state, roundsPlayed } = await federation.chain.taskStatus(task);
    expect({ state, roundsPlayed }).to.deep.equal({ state: TaskState.Completed, roundsPlayed: 3 });
    expect(await federation.events(task, "RoundVoided")).to.have.length(0);
    expect(await federation.events(task, "UpdateAccepted")).to.have.length(12);
    await witness.until(() => witness.said("the task is over").length === 4);
    // What was taken back is said to be, and then finalised again: in the end each round stands once.
    const standing = (nodeId: number): string => {
      const rounds: unknown[] = [];
      for (const { msg, round, node } of witness.lines) {
        if (node !== nodeId) continue;
        if (msg === "round finalised") rounds.push(round);
        if (msg === TAKEN_BACK) rounds.splice(rounds.indexOf(round), 1);
      }
      return rounds.join();
    };
    for (const { nodeId } of federation.nodes) {
      const takenBack = witness.said(TAKEN_BACK, nodeId).map(({ round }) => round);
      expect(takenBack).to.include(before.round);
      // The last one is told once it is deep enough, which may be after the task's end is.
      await witness.until(() => standing(nodeId) === "1,2,3");
    }
  });

  it("posts again what a reorganisation took out of a phase that it left alone", async () => {
    const witness = new Witness();
    federation = await LocalFederation.start({ nodes: 2, logger: witness.logger });
    const { provider, heads } = federation.chain;
    const [first, second] = federation.nodes;
    if (first === undefined || second === undefined) throw new Error("there are two nodes");
    const holding = slow("a slow send", { method: "eth_sendRawTransaction" }, 1500);
    const proxy = await QuirkProxy.start(String(first.config.rpcUrl));
    try {
      const task = await federation.publish({ rounds: 1, trainingSeconds: 300, negotiationSeconds: 300 });
      await federation.join(task);
      await federation.chain.start(task, federation.signal.signal);
      federation.startNode(changed(first, { rpcUrl: proxy.url }), (status) => {
        // From its first look at the round on, what it sends arrives late.
        if (status.tasks[0]?.phase === "Training") proxy.use(holding);
        witness.see(status);
      });
      await witness.until(() => witness.status?.tasks[0]?.doing === "posting its update");
      const snapshot = (await provider.send("evm_snapshot", [])) as string;
      expect((await federation.chain.roundOf(task)).postedCount).to.equal(0);
      await witness.until(() => witness.status?.tasks[0]?.doing === "waiting for the others' updates");
      const posted = await federation.until(task, ({ postedCount }) => postedCount === 1);
      await heads.reaches(posted.block + 9, federation.signal.signal);
      expect(await provider.send("evm_revert", [snapshot])).to.equal(true);
      const { reorganisations } = heads;
      await federation.until(task, () => heads.reorganisations > reorganisations);
      await federation.until(task, ({ postedCount }) => postedCount === 1);
      federation.startNode(second);
      await federation.until(task, ({ phase }) => phase === Phase.Ended);
      expect((await federation.chain.taskStatus(task)).state).to.equal(TaskState.Completed);
    } finally {
      await proxy.close();
    }
  });
});
