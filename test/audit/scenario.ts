import { network } from "hardhat";
import { chainSource } from "#audit/reading/chainSource";
import type { ChainSource } from "#audit/reading/chainSource";
import type { Deployment } from "#audit/reading/contracts";
import { ElectionMode, Strategy } from "#protocol/contracts/enums";
import type { Address } from "#protocol/ids";
import type { TestNode } from "../contracts/federation.ts";
import { Federation, deployFederation, testNode } from "../contracts/federation.ts";

const NO_PERMIT = { deadline: 0, v: 0, r: `0x${"00".repeat(32)}`, s: `0x${"00".repeat(32)}` };
const ZERO_DIGEST = `0x${"00".repeat(32)}`;

/** A federation whose chain holds a bit of everything that can happen. */
export interface Scenario {
  readonly source: ChainSource;
  readonly deployment: Deployment;
  readonly federation: Federation;
  /** The founders with their present keys, which the federation signs with. */
  readonly nodes: TestNode[];
}

/** What a part of the scenario needs. */
export type Players = Pick<Scenario, "federation" | "nodes">;

/** Deploys five founders; the caller plays on. */
export async function beginScenario(): Promise<Scenario> {
  const connection = await network.create();
  const deployed = await deployFederation(connection, { nodes: 5 });
  const { contracts } = deployed;
  const nodes = [...deployed.nodes];
  const federation = new Federation(connection, nodes, deployed.domain, contracts);
  const deployment = {
    deploymentBlock: 0,
    contracts: {
      NodeRegistry: await contracts.nodeRegistry.getAddress(),
      TaskRegistry: await contracts.taskRegistry.getAddress(),
      StakeVault: await contracts.stakeVault.getAddress(),
      RewardLedger: await contracts.rewardLedger.getAddress(),
      RoundCoordinator: await contracts.coordinator.getAddress(),
    },
  };
  const source = chainSource((method, params) =>
    connection.provider.request({ method, params: [...params] }),
  );
  return { source, deployment, federation, nodes };
}

/** Task 1: void rounds, failed attempts, joins and leaves, rejected and silent members, kept alpha, claims and refund. */
export async function playEventfulTask(scenario: Players): Promise<void> {
  const { federation } = scenario;
  const [one, two, three, four, five] = federation.nodes as [
    TestNode,
    TestNode,
    TestNode,
    TestNode,
    TestNode,
  ];
  const { nodeRegistry } = federation.contracts;
  await federation.startTask({ penaliseSilent: true, penaliseUnavailable: true }, [one, two, three, four]);

  await federation.playRound();

  // Round 2: too few post; then an attempt passes and rank 1 proposes, rejecting one; too few report.
  await federation.train([one]);
  await federation.contracts.taskRegistry.connect(five.operator).joinTask(federation.taskId, five.nodeId);
  const rotated = await rotateSigner(scenario, two);
  await federation.passDeadline();
  await federation.advance();
  await federation.train([one, rotated, three, four]);
  await federation.passDeadline();
  await federation.advance();
  await federation.awaitSeed();
  await federation.passDeadline();
  await federation.advance();
  const { phaseStart } = await federation.round();
  await federation.connection.networkHelpers.time.increaseTo(Number(phaseStart) + 130);
  await federation.aggregate({ proposerRank: 1, accepted: [1, 2, 3], rejected: [4] });
  await federation.negotiate(undefined, [one, rotated]);
  await federation.submitReports([
    await federation.report(rotated, federation.rising()),
    await federation.report(three, federation.rising()),
  ]);
  await federation.leave(three);
  await nodeRegistry.connect(four.operator).resign();
  await federation.passDeadline();
  await federation.advance();

  await federation.train();
  await federation.aggregate();
  await federation.negotiate((node) => federation.rising().map((score) => score * node.nodeId));
  await settleAll(federation);
}

/** Task 2: staked, elected by the model's hash, by least variance, ends at its hard end with an attempt under way. */
export async function playStakedTask(scenario: Players): Promise<void> {
  const { federation } = scenario;
  const { token, stakeVault } = federation.contracts;
  const stakers = [federation.node(1), federation.node(2), federation.node(3)];
  for (const { operator, nodeId } of stakers) {
    await token.mint(operator.address, 1000n);
    await token.connect(operator).approve(stakeVault, 1000n);
    await stakeVault.connect(operator).deposit(nodeId, token, 1000n, NO_PERMIT);
  }
  await stakeVault.connect(federation.node(1).operator).unbond(1, token, 300n);
  const [arbiter, recipient] = await federation.connection.ethers.getSigners();
  if (arbiter === undefined || recipient === undefined) throw new Error("The network has no accounts");
  await federation.startTask(
    {
      stakeToken: (await token.getAddress()) as Address,
      minStake: 500n,
      slashBounty: 40n,
      slashRecipient: recipient.address as Address,
      arbiter: arbiter.address as Address,
      electionMode: ElectionMode.ModelHash,
      strategy: Strategy.MinVariance,
    },
    stakers,
  );
  await federation.playRound((node) => federation.rising().map((score, r) => score + node.nodeId * (10 - r)));
  await stakeVault.connect(arbiter).slash(federation.taskId, 1, 1111, arbiter.address);
  await stakeVault.connect(arbiter).claimProceeds(token);
  await federation.train();
  const { hardEnd } = await federation.status();
  await federation.connection.networkHelpers.time.setNextBlockTimestamp(Number(hardEnd));
  await federation.advance();
  const { unbondingPeriod } = stakeVault;
  await federation.connection.networkHelpers.time.increase(await unbondingPeriod());
  await stakeVault
    .connect(federation.node(1).operator)
    .withdraw(1, token, federation.node(1).operator.address);
  await federation.contracts.rewardLedger.settle(federation.taskId, 1, 1);
}

/** Task 3 is cancelled; task 4 finds too few updates until its void rounds are spent; a vote fails, another admits. */
export async function playFailures(scenario: Players): Promise<void> {
  const { federation } = scenario;
  const { nodeRegistry, taskRegistry } = federation.contracts;
  await federation.publish();
  await federation.join(federation.node(1), federation.node(2));
  await federation.leave(federation.node(1));
  await taskRegistry.cancel(federation.taskId);

  await federation.startTask({ maxVoidRounds: 2 }, [federation.node(1), federation.node(2)]);
  for (let retry = 0; retry < 2; retry++) {
    await federation.train();
    await federation.aggregate({ digest: ZERO_DIGEST, accepted: [] });
  }
  await nodeRegistry.connect(federation.node(1).operator).proposeRemoval(2);
  const proposal = await nodeRegistry.proposalCount();
  await nodeRegistry.connect(federation.node(2).operator).vote(proposal, false);
  await nodeRegistry.connect(federation.node(3).operator).vote(proposal, false);
  await federation.admit();
  await rotateSigner(scenario, federation.node(5));
}

/** One more task, in which a node signs through a contract (ERC-1271). */
export async function playContractSigner(scenario: Players): Promise<void> {
  const { federation } = scenario;
  const node = federation.node(3);
  const { ethers } = federation.connection;
  const wallet = await ethers.deployContract("ContractSigner", [node.signer.address]);
  await federation.contracts.nodeRegistry.connect(node.operator).setSigner(await wallet.getAddress());
  await federation.startTask({ rounds: 1 }, [federation.node(1), node]);
  await federation.playRound();
}

async function rotateSigner({ federation, nodes }: Players, node: TestNode): Promise<TestNode> {
  const { signer } = testNode(federation.connection, 100 + node.nodeId);
  await federation.contracts.nodeRegistry.connect(node.operator).setSigner(signer.address);
  const rotated = { ...node, signer };
  nodes[node.nodeId - 1] = rotated;
  return rotated;
}

async function settleAll(federation: Federation): Promise<void> {
  const { rewardLedger } = federation.contracts;
  const { taskId } = federation;
  await rewardLedger.settle(taskId, 2, 1);
  await rewardLedger.refund(taskId);
  await rewardLedger
    .connect(federation.node(1).operator)
    .claim(taskId, 1, federation.node(1).operator.address);
  for (const memberId of [2, 3, 4, 5]) await rewardLedger.settle(taskId, memberId, 100);
  await rewardLedger.refund(taskId);
}
