import { Phase, TaskState } from "#protocol/contracts/enums";
import type { TestNode } from "../contracts/federation.ts";
import { testNode } from "../contracts/federation.ts";
import type { Scenario } from "./scenario.ts";

/** Gives whole numbers below a bound, the same ones for the same draws. */
export type Draw = (below: number) => number;

type Action = (scenario: Scenario, draw: Draw) => Promise<unknown>;

/** What anybody may try at any time, legal or not; what reverts leaves no trace. */
const ACTIONS: readonly Action[] = [
  (scenario, draw) => play(scenario, draw),
  (scenario, draw) => play(scenario, draw),
  (scenario, draw) => play(scenario, draw),
  (scenario, draw) => play(scenario, draw),
  async ({ federation }) => {
    await federation.passDeadline();
    await federation.advance();
  },
  ({ federation }, draw) => federation.connection.networkHelpers.mine(draw(300)),
  ({ federation, nodes }, draw) => federation.join(pick(nodes, draw)),
  ({ federation, nodes }, draw) => federation.leave(pick(nodes, draw)),
  async ({ federation, nodes }, draw) => {
    const node = pick(nodes, draw);
    const { signer } = testNode(federation.connection, 1000 + draw(1e6));
    await federation.contracts.nodeRegistry.connect(node.operator).setSigner(signer.address);
    nodes[node.nodeId - 1] = { ...node, signer };
  },
  async ({ federation, nodes }, draw) => {
    const registry = federation.contracts.nodeRegistry.connect(pick(nodes, draw).operator);
    await registry.proposeRemoval(1 + draw(nodes.length));
  },
  async ({ federation, nodes }, draw) => {
    const { nodeRegistry } = federation.contracts;
    const proposal = await nodeRegistry.proposalCount();
    await nodeRegistry.connect(pick(nodes, draw).operator).vote(proposal, draw(3) > 0);
  },
  async (scenario, draw) => {
    const { federation, nodes } = scenario;
    if (nodes.length < 9 && draw(2) === 0) nodes.push(await federation.admit());
  },
  async ({ federation }, draw) => {
    const { memberCount } = await federation.status();
    const { rewardLedger } = federation.contracts;
    await rewardLedger.settle(federation.taskId, 1 + draw(Number(memberCount)), 1 + draw(3));
  },
  async ({ federation, nodes }, draw) => {
    const node = pick(nodes, draw);
    const { rewardLedger, taskRegistry } = federation.contracts;
    const { memberId } = await taskRegistry.member(federation.taskId, node.nodeId);
    await rewardLedger
      .connect(node.operator)
      .claim(federation.taskId, memberId, federation.nodes[0]?.operator.address ?? "");
  },
  ({ federation }) => federation.contracts.rewardLedger.refund(federation.taskId),
];

/** Plays this many random actions; starts another task whenever one has ended. */
export async function playAtRandom(scenario: Scenario, draw: Draw, actions: number): Promise<void> {
  for (let count = 0; count < actions; count++) {
    if (await needsTask(scenario)) await startAnother(scenario, draw);
    const action = ACTIONS[draw(ACTIONS.length)];
    await action?.(scenario, draw).catch(ignoreReverts);
  }
}

/** The step that the round waits for, by some of its members. */
async function play({ federation }: Scenario, draw: Draw): Promise<unknown> {
  const { phase } = await federation.round();
  const active = await federation.activeNodes();
  const some = draw(3) === 0 ? active.filter(() => draw(2) === 0) : active;
  const score = (): number[] => federation.rising().map(() => draw(10_001));
  switch (Number(phase)) {
    case Phase.Training:
      return federation.train(some);
    case Phase.Aggregation: {
      const posted = await federation.posted();
      const proposerRank = draw(2);
      const { phaseStart } = await federation.round();
      const { time } = federation.connection.networkHelpers;
      if (proposerRank > 0) await time.increaseTo(Number(phaseStart) + 150);
      const empty = draw(6) === 0;
      const rejected = empty ? [] : posted.filter(() => draw(4) === 0).slice(1);
      const accepted = empty ? [] : posted.filter((member) => !rejected.includes(member) && draw(8) > 0);
      const digest = empty ? { digest: `0x${"00".repeat(32)}` } : {};
      return federation.aggregate({ proposerRank, accepted, rejected, ...digest });
    }
    default:
      return federation.negotiate(score, some);
  }
}

async function needsTask({ federation }: Scenario): Promise<boolean> {
  if (federation.taskId === 0n) return true;
  return Number((await federation.status()).state) > TaskState.Running;
}

async function startAnother({ federation, nodes }: Scenario, draw: Draw): Promise<void> {
  const { nodeRegistry, coordinator } = federation.contracts;
  await federation.publish({
    rounds: 2 + draw(4),
    maxAttempts: 1 + draw(3),
    maxVoidRounds: 1 + draw(4),
    minNodes: 1 + draw(2),
    maxNodes: 4 + draw(4),
    strategy: draw(2) as 0 | 1,
    scoreKind: 0,
    electionMode: draw(2) as 0 | 1,
    alphaGrid: draw(2) as 0 | 1,
    targetScore: draw(2) * 7000,
    penaliseSilent: draw(2) === 0,
    penaliseUnavailable: draw(2) === 0,
    strictReputation: draw(2) === 0,
    reputationInitial: draw(4),
    reputationMax: 4,
  });
  for (const node of nodes) {
    if (await nodeRegistry.isMember(node.nodeId)) await federation.join(node).catch(ignoreReverts);
  }
  await coordinator.start(federation.taskId);
}

function pick(nodes: readonly TestNode[], draw: Draw): TestNode {
  const node = nodes[draw(nodes.length)];
  if (node === undefined) throw new RangeError("There is no node");
  return node;
}

function ignoreReverts(error: unknown): void {
  if (!(error instanceof Error) || !/revert|No node reports|timestamp/.test(error.message)) throw error;
}
