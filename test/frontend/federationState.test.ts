import { expect } from "chai";
import fc from "fast-check";
import { MemberStatus, ProposalKind, ProposalState } from "#protocol/contracts/enums";
import { applyEvent } from "#protocol/history/applyEvent";
import { awaited, committeeOf } from "#protocol/history/election";
import { currentOpening, standings } from "#protocol/history/rounds";
import { emptyFederation } from "#protocol/history/federationState";
import type { TaskRecord, FederationState } from "#protocol/history/federationState";
import type { AbiTerms } from "#protocol/terms/taskTerms";
import { termsFromAbi } from "#protocol/terms/taskTerms";
import {
  beginScenario,
  playContractSigner,
  playEventfulTask,
  playFailures,
  playStakedTask,
} from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { freshState } from "./follower.ts";

describe("the state that events tell, after a chain on which everything happened", () => {
  let scenario: Scenario;
  let folded: FederationState;

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    await playStakedTask(scenario);
    await playFailures(scenario);
    await playContractSigner(scenario);
    const { federation } = scenario;
    await federation.startTask({}, [federation.node(1), federation.node(2)]);
    await federation.train([federation.node(2)]);
    folded = await freshState(scenario);
  });

  it("nodes and votes are what the registry says", async () => {
    const { nodeRegistry } = scenario.federation.contracts;
    expect(folded.nodes.size).to.equal(Number(await nodeRegistry.nodeCount()));
    for (const node of folded.nodes.values()) {
      const { operator, signer, isMember, endpoints, encryptionKey } = await nodeRegistry.node(node.nodeId);
      expect(node).to.include({ operator, signer, isMember, endpoints, encryptionKey });
    }
    expect(folded.proposals.size).to.equal(Number(await nodeRegistry.proposalCount()));
    for (const vote of folded.proposals.values()) {
      const { state, approvals, rejections, kind, nodeId } = await nodeRegistry.proposal(vote.proposalId);
      expect({ ...vote, state: vote.state === ProposalState.Open ? Number(state) : vote.state }).to.include({
        state: Number(state),
        approvals: Number(approvals),
        rejections: Number(rejections),
        kind: Number(kind),
        // The registry adds the number of a node that was admitted.
        nodeId: vote.kind === ProposalKind.Removal ? Number(nodeId) : 0,
      });
    }
  });

  it("stakes are what the vault says", async () => {
    const { stakeVault, token } = scenario.federation.contracts;
    const address = await token.getAddress();
    const bonded: bigint[] = [];
    for (const { nodeId, stakes } of folded.nodes.values()) {
      const stake = [...stakes].find(([each]) => each.toLowerCase() === address.toLowerCase())?.[1] ?? 0n;
      expect(stake, `node ${nodeId}`).to.equal(await stakeVault.stakeOf(nodeId, token));
      bonded.push(stake);
    }
    expect(bonded.filter((stake) => stake > 0n)).to.not.have.length(0);
  });

  it("tasks, their rosters and their terms are what the registry says", async () => {
    const { taskRegistry } = scenario.federation.contracts;
    expect(folded.tasks.size).to.equal(Number(await taskRegistry.taskCount()));
    for (const task of folded.tasks.values()) {
      const status = await taskRegistry.status(task.taskId);
      expect(task, `task ${task.taskId}`).to.include({
        publisher: status.publisher,
        state: Number(status.state),
        endReason: Number(status.endReason),
        roundsPlayed: Number(status.roundsPlayed),
        hardEnd: Number(status.hardEnd),
      });
      const paid = task.claims.reduce((sum, { amount }) => sum + amount, task.refunded);
      expect(task.escrow - paid, `what is left of task ${task.taskId}'s escrow`).to.equal(status.escrow);
      expect(task.terms).to.deep.equal(
        termsFromAbi((await taskRegistry.terms(task.taskId)) as unknown as AbiTerms),
      );
      expect(task.active).to.deep.equal((await taskRegistry.activeMembers(task.taskId)).map(Number));
      for (const member of task.members.values()) {
        const { status: present } = await taskRegistry.member(task.taskId, member.nodeId);
        const isActive = [MemberStatus.Active, MemberStatus.Leaving].some((each) => each === Number(present));
        expect(member.active, `member ${member.memberId} of task ${task.taskId}`).to.equal(isActive);
      }
    }
  });

  it("reputation, rewards and claims are what the ledger says", async () => {
    const { rewardLedger } = scenario.federation.contracts;
    const earned: bigint[] = [];
    for (const task of folded.tasks.values()) {
      for (const { memberId } of task.members.values()) {
        const account = await rewardLedger.accountOf(task.taskId, memberId);
        const standing = standings(task, memberId).at(-1);
        expect(standing, `member ${memberId} of task ${task.taskId}`).to.include({
          reputation: Number(account.reputation),
          earned: account.earned,
        });
        const claimed = task.claims.reduce(
          (sum, claim) => sum + (claim.memberId === memberId ? claim.amount : 0n),
          0n,
        );
        expect(claimed).to.equal(account.claimed);
        earned.push(account.earned);
      }
    }
    expect(earned.filter((amount) => amount > 0n)).to.not.have.length(0);
  });

  it("the open round, who is awaited in it, and every committee are the coordinator's", async () => {
    const task = lastTask(folded);
    const opening = currentOpening(task);
    if (opening === undefined) throw new Error("No round is open");
    const round = await scenario.federation.contracts.coordinator.roundOf(task.taskId);
    expect(opening.round).to.equal(Number(round.round));
    expect(opening.phases.at(-1)).to.include({ phase: Number(round.phase), start: Number(round.phaseStart) });
    expect(awaited(task, opening).map(({ nodeId }) => nodeId)).to.deep.equal([1]);
    const proposals = [...folded.tasks.values()].flatMap((each) =>
      each.openings.flatMap((one) => one.proposals.map((proposal) => ({ each, one, proposal }))),
    );
    expect(proposals.length).to.be.above(4);
    for (const { each, one, proposal } of proposals) {
      const members = committeeOf(each, one, proposal.attempt)?.members.map(({ nodeId }) => nodeId);
      expect(members).to.deep.equal(proposal.committee);
    }
  });

  it("folding the same events again gives an equal state, and a part of them the state as it was then", () => {
    const again = fold(folded.events);
    expect(again).to.deep.equal(folded);
    const half = folded.events.slice(0, folded.events.length / 2);
    const then = fold(half);
    for (const event of folded.events.slice(half.length)) applyEvent(then, event);
    expect(then).to.deep.equal(folded);
  });

  it("whatever an endpoint keeps back, the page goes on with the rest", () => {
    fc.assert(
      fc.property(fc.subarray([...folded.events]), (told) => {
        const partial = fold(told);
        expect(partial.events).to.have.lengthOf(told.length);
        for (const task of partial.tasks.values()) {
          for (const { memberId } of task.members.values()) standings(task, memberId);
          for (const opening of task.openings) awaited(task, opening);
        }
      }),
    );
  });
});

function fold(events: FederationState["events"]): FederationState {
  const folded = emptyFederation();
  for (const event of events) applyEvent(folded, event);
  return folded;
}

function lastTask(state: FederationState): TaskRecord {
  const task = [...state.tasks.values()].at(-1);
  if (task === undefined) throw new Error("There is no task");
  return task;
}
