import type { BaseContract, ContractTransactionResponse } from "ethers";
import { Wallet, ZeroAddress, id, parseEther } from "ethers";
import type { network } from "hardhat";
import { fromBitmap, toBitmap } from "#protocol/rules/bitmap";
import {
  AggregationRule,
  AlphaGrid,
  ElectionMode,
  ScoreKind,
  Strategy,
  TrainingBase,
} from "#protocol/contracts/enums";
import { bps, digest as toDigest } from "#protocol/ids";
import type { Address, Digest } from "#protocol/ids";
import { packScores } from "#protocol/rules/packedScores";
import type { ResultDomain } from "#protocol/messages/signedResults";
import {
  ACCURACY_REPORT_TYPES,
  AGGREGATE_ATTESTATION_TYPES,
  LOCAL_UPDATE_TYPES,
  resultDomain,
} from "#protocol/messages/signedResults";
import { termsToAbi } from "#protocol/terms/taskTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import type {
  DevelopmentToken,
  NodeRegistry,
  RewardLedger,
  RoundCoordinator,
  StakeVault,
  TaskRegistry,
} from "#chain/typechain/index";
import type { IRoundCoordinatorTypes } from "#chain/typechain/RoundCoordinator";

export type Connection = Awaited<ReturnType<typeof network.create>>;

/** A node of the registry and the keys that its operator would hold. */
export interface TestNode {
  readonly nodeId: number;
  readonly operator: Wallet;
  /** Signs the node's results. */
  readonly signer: Wallet;
}

export interface FederationOptions {
  /** Founders of the registry. */
  readonly nodes: number;
  /** Seconds that a vote stays open. */
  readonly votingPeriod?: number;
  readonly unbondingPeriod?: number;
}

export type UpdateResult = IRoundCoordinatorTypes.UpdateResultStruct;
export type ReportResult = IRoundCoordinatorTypes.ReportResultStruct;
export type Proposal = IRoundCoordinatorTypes.ProposalStruct;

/** What a test may change about an update or report that it signs; the rest comes from the open round. */
export interface UpdateFields {
  digest?: string;
  samples?: number;
  round?: bigint;
  retry?: bigint;
  base?: string;
  signer?: Wallet;
}
export interface ReportFields {
  round?: bigint;
  retry?: bigint;
  base?: string;
  aggregate?: string;
  signer?: Wallet;
}

/** What a test may change about a proposal; by default the leader proposes all that posted, with just enough signatures. */
export interface ProposalFields {
  digest?: string;
  proposerRank?: number;
  /** Member ids. */
  accepted?: readonly number[];
  rejected?: readonly number[];
  /** Ranks that attest, in this order. */
  ranks?: readonly number[];
  attempt?: bigint;
}

/** Deploys the five contracts and a token with `nodes` founders. For more than about 40 see `wideNetwork`. */
export async function deployFederation(
  connection: Connection,
  { nodes: count, votingPeriod = 86_400, unbondingPeriod = 90 * 86_400 }: FederationOptions,
): Promise<Federation> {
  const { ethers } = connection;
  const nodes = Array.from({ length: count }, (_, i) => testNode(connection, i + 1));
  for (const node of nodes) await fund(connection, node.operator.address);
  const founders = nodes.map(({ nodeId, operator, signer }) => ({
    operator: operator.address,
    signer: signer.address,
    encryptionKey: "0x",
    endpoints: `http://127.0.0.1:${10_000 + nodeId}`,
  }));
  const nodeRegistry = await ethers.deployContract("NodeRegistry", [founders, votingPeriod]);
  const taskRegistry = await ethers.deployContract("TaskRegistry", [nodeRegistry]);
  const registries = [nodeRegistry, taskRegistry] as const;
  const stakeVault = await ethers.deployContract("StakeVault", [...registries, unbondingPeriod]);
  const rewardLedger = await ethers.deployContract("RewardLedger", [...registries]);
  const coordinator = await deployCoordinator(connection, registries);
  const token = await ethers.deployContract("DevelopmentToken");
  const { chainId } = await ethers.provider.getNetwork();
  const domain = resultDomain(chainId, await coordinator.getAddress());
  const contracts = { nodeRegistry, taskRegistry, stakeVault, rewardLedger, coordinator, token };
  return new Federation(connection, nodes, domain, contracts as unknown as Contracts);
}

/** A coordinator with the library that it is linked with. */
export async function deployCoordinator(
  { ethers }: Connection,
  registries: readonly (BaseContract | string)[],
): Promise<RoundCoordinator> {
  const libraries = {
    Transitions: await ethers.deployContract("Transitions"),
  };
  const deployed = await ethers.deployContract("RoundCoordinator", [...registries], { libraries });
  return deployed as unknown as RoundCoordinator;
}

/** Network settings under which a thousand founders fit one deployment. Gas of every other action stays that of Cancun. */
export const wideNetwork = {
  network: "node",
  override: {
    allowUnlimitedContractSize: true,
    blockGasLimit: 10_000_000_000n,
    transactionGasCap: false as const,
  },
};

/** A node that stands for itself: the same keys in every run. */
export function testNode({ ethers }: Connection, nodeId: number): TestNode {
  return {
    nodeId,
    operator: new Wallet(id(`operator ${nodeId}`), ethers.provider),
    signer: new Wallet(id(`signer ${nodeId}`)),
  };
}

export async function fund({ networkHelpers }: Connection, account: string): Promise<void> {
  await networkHelpers.setBalance(account, parseEther("1000"));
}

/** A digest that stands for an artifact of this name. */
export function digestOf(name: string): Digest {
  return toDigest(id(name));
}

export interface Contracts {
  readonly nodeRegistry: NodeRegistry;
  readonly taskRegistry: TaskRegistry;
  readonly stakeVault: StakeVault;
  readonly rewardLedger: RewardLedger;
  readonly coordinator: RoundCoordinator;
  readonly token: DevelopmentToken;
}

/** The deployed contracts, their nodes, and one task at a time, driven the way nodes would drive it. */
export class Federation {
  readonly connection: Connection;
  /** The founders. */
  readonly nodes: readonly TestNode[];
  readonly domain: ResultDomain;
  readonly contracts: Contracts;
  /** The task that every method below means; `publish` sets it. */
  taskId = 0n;
  private published: TaskTerms | undefined;

  constructor(
    connection: Connection,
    nodes: readonly TestNode[],
    domain: ResultDomain,
    contracts: Contracts,
  ) {
    this.connection = connection;
    this.nodes = nodes;
    this.domain = domain;
    this.contracts = contracts;
  }

  // ------------------------------------------------------------------------------------------------- life of a task

  /** Publishes a task by the first account, which pays the escrow. */
  async publish(overrides: Partial<TaskTerms> = {}): Promise<bigint> {
    await this.publishTransaction(overrides);
    return this.taskId;
  }

  /** The same, returning the transaction. */
  async publishTransaction(overrides: Partial<TaskTerms> = {}): Promise<ContractTransactionResponse> {
    const { taskRegistry, token } = this.contracts;
    this.published = { ...(await this.defaultTerms()), ...overrides };
    const abi = termsToAbi(this.published);
    const escrow = await taskRegistry.escrowFor(abi);
    const [publisher] = await this.connection.ethers.getSigners();
    if (publisher === undefined) throw new Error("The network has no account");
    await token.mint(publisher.address, escrow);
    await token.connect(publisher).approve(taskRegistry, escrow);
    const permit = { deadline: 0, v: 0, r: digestOf("r"), s: digestOf("s") };
    const transaction = await taskRegistry.connect(publisher).publish(abi, permit);
    this.taskId = await taskRegistry.taskCount();
    return transaction;
  }

  /** Terms of a small task that rewards, with the mixed election. */
  async defaultTerms(): Promise<TaskTerms> {
    const { coordinator, stakeVault, rewardLedger, token } = this.contracts;
    const now = await this.now();
    return {
      manifestDigest: digestOf("manifest"),
      initialModelDigest: digestOf("initial model"),
      maxArtifactBytes: 1 << 20,
      coordinator: await addressOf(coordinator),
      arbiter: Wallet.createRandom().address as Address,
      stakeVault: await addressOf(stakeVault),
      rewardLedger: await addressOf(rewardLedger),
      minNodes: 1,
      maxNodes: Math.min(1024, Math.max(this.nodes.length + 2, 4)),
      stakeToken: ZeroAddress as Address,
      minStake: 0n,
      startTime: now,
      timeLimit: now + 7 * 86_400,
      trainingSeconds: 3600,
      fetchSeconds: 300,
      objectionSeconds: 300,
      aggregationSeconds: 1200,
      negotiationSeconds: 1800,
      slotSeconds: 120,
      disputeWindowSeconds: 86_400,
      maxAttempts: 3,
      maxVoidRounds: 3,
      rounds: 3,
      negotiationSteps: 10,
      alphaLowerBps: bps(0),
      alphaUpperBps: bps(10_000),
      initialAlphaBps: bps(5000),
      alphaGrid: AlphaGrid.IncludeUpper,
      strategy: Strategy.ArgmaxMean,
      trainingBase: TrainingBase.Global,
      electionMode: ElectionMode.ModelHashMixed,
      gammaBps: bps(2500),
      quorumBps: bps(6000),
      aggregationRule: AggregationRule.FedAvg,
      byzantineBound: 0,
      maxSamples: 1000,
      scoreKind: ScoreKind.Accuracy,
      maxScore: 10_000,
      targetScore: 0,
      reputationInitial: 5,
      reputationMax: 100,
      strictReputation: false,
      penaliseUnavailable: false,
      penaliseSilent: false,
      rewardToken: await addressOf(token),
      rewardUnit: 10n,
      slashRecipient: ZeroAddress as Address,
      slashBounty: 0n,
    };
  }

  /** Terms of the task. */
  get terms(): TaskTerms {
    if (this.published === undefined) throw new Error("No task is published");
    return this.published;
  }

  async join(...nodes: TestNode[]): Promise<void> {
    for (const { operator, nodeId } of nodes) {
      await this.contracts.taskRegistry.connect(operator).joinTask(this.taskId, nodeId);
    }
  }

  async leave(node: TestNode): Promise<void> {
    await this.contracts.taskRegistry.connect(node.operator).leaveTask(this.taskId, node.nodeId);
  }

  /** Publishes, joins all nodes (or those given) and starts. */
  async startTask(overrides: Partial<TaskTerms> = {}, nodes = this.nodes): Promise<void> {
    await this.publish(overrides);
    await this.join(...nodes);
    await this.contracts.coordinator.start(this.taskId);
  }

  /** Admits one more node by the votes of the founders. */
  async admit(): Promise<TestNode> {
    const { nodeRegistry } = this.contracts;
    const node = testNode(this.connection, Number(await nodeRegistry.nodeCount()) + 1);
    await fund(this.connection, node.operator.address);
    await nodeRegistry.connect(node.operator).applyForAdmission(node.signer.address, "0x", "");
    const proposal = await nodeRegistry.proposalCount();
    for (const voter of this.nodes) {
      if (await nodeRegistry.isMember(node.nodeId)) break;
      await nodeRegistry.connect(voter.operator).vote(proposal, true);
    }
    return node;
  }

  // ---------------------------------------------------------------------------------------------------------- views

  round() {
    return this.contracts.coordinator.roundOf(this.taskId);
  }

  status() {
    return this.contracts.taskRegistry.status(this.taskId);
  }

  async now(): Promise<number> {
    return this.connection.networkHelpers.time.latest();
  }

  /** Node ids of the active members by position. */
  async activeNodes(): Promise<TestNode[]> {
    const memberIds = await this.contracts.taskRegistry.activeMembers(this.taskId);
    const nodeIds = memberIds.map((memberId) =>
      this.contracts.taskRegistry.nodeIdOfMember(this.taskId, memberId),
    );
    return (await Promise.all(nodeIds)).map((nodeId) => this.node(nodeId));
  }

  /** A founder, or a node that was admitted later. */
  node(nodeId: bigint | number): TestNode {
    return this.nodes[Number(nodeId) - 1] ?? testNode(this.connection, Number(nodeId));
  }

  /** The committee by rank, as the contract elects it. */
  async committee(): Promise<{ nodes: TestNode[]; memberIds: number[]; threshold: number }> {
    const [nodeIds, memberIds, threshold] = await this.contracts.coordinator.committeeOf(this.taskId);
    return {
      nodes: nodeIds.map((nodeId) => this.node(nodeId)),
      memberIds: memberIds.map(Number),
      threshold: Number(threshold),
    };
  }

  async posted(): Promise<number[]> {
    const words = await this.contracts.coordinator.postedBitmap(this.taskId);
    return fromBitmap(words);
  }

  // -------------------------------------------------------------------------------------------------------- results

  /** A node's signed update for the open round. */
  async update(node: TestNode, fields: UpdateFields = {}): Promise<UpdateResult> {
    const { round, retry, base } = await this.round();
    return this.signUpdate(node, { round, retry, base, ...fields });
  }

  /** Like `update`, for a round that the caller has read already. */
  async signUpdate(
    node: TestNode,
    opening: UpdateFields & { round: bigint; retry: bigint; base: string },
  ): Promise<UpdateResult> {
    const { round, retry, base, signer = node.signer, samples = 100 } = opening;
    const digest = opening.digest ?? digestOf(`update ${node.nodeId} of ${round}`);
    const value = { taskId: this.taskId, round, retry, base, node: node.nodeId, digest, samples };
    const signature = await signer.signTypedData(this.domain, LOCAL_UPDATE_TYPES, value);
    return { nodeId: node.nodeId, samples, digest, signature };
  }

  /** A node's signed scores for the open round: R numbers, or a packed word. */
  async report(
    node: TestNode,
    scores: readonly number[] | bigint,
    fields: ReportFields = {},
  ): Promise<ReportResult> {
    const { round, retry, base, aggregate } = await this.round();
    return this.signReport(node, scores, { round, retry, base, aggregate, ...fields });
  }

  /** Like `report`, for a round that the caller has read already. */
  async signReport(
    node: TestNode,
    scores: readonly number[] | bigint,
    opening: ReportFields & { round: bigint; retry: bigint; base: string; aggregate: string },
  ): Promise<ReportResult> {
    const { round, retry, base, aggregate, signer = node.signer } = opening;
    const packed = typeof scores === "bigint" ? scores : packScores(scores);
    const value = { taskId: this.taskId, round, retry, base, node: node.nodeId, aggregate, scores: packed };
    const signature = await signer.signTypedData(this.domain, ACCURACY_REPORT_TYPES, value);
    return { nodeId: node.nodeId, scores: packed, signature };
  }

  /** Mines until the hash of the seal block is known, as a node would wait for it. */
  async awaitSeed(): Promise<void> {
    const { sealBlock } = await this.round();
    const missing = Number(sealBlock) + 1 - (await this.connection.ethers.provider.getBlockNumber());
    if (missing > 0) await this.connection.networkHelpers.mine(missing);
  }

  /** A proposal of the open attempt with its attestations. */
  async proposal(fields: ProposalFields = {}): Promise<Proposal> {
    await this.awaitSeed();
    const { round, retry, base, attempt: open } = await this.round();
    const { nodes, threshold } = await this.committee();
    const { memberCount } = await this.status();
    const { proposerRank = 0, attempt = open } = fields;
    const accepted = [...toBitmap(fields.accepted ?? (await this.posted()), Number(memberCount))];
    const rejected = [...toBitmap(fields.rejected ?? [], Number(memberCount))];
    const digest = fields.digest ?? digestOf(`aggregate of ${round}`);
    const ranks = fields.ranks ?? enoughRanks(proposerRank, threshold);
    const value = { taskId: this.taskId, round, retry, attempt, base, digest, accepted, rejected };
    const attestations = await Promise.all(
      ranks.map(async (rank) => ({
        rank,
        signature: await (nodes[rank] ?? this.node(1)).signer.signTypedData(
          this.domain,
          AGGREGATE_ATTESTATION_TYPES,
          value,
        ),
      })),
    );
    return { proposerRank, digest, accepted, rejected, attestations };
  }

  // ---------------------------------------------------------------------------------------- what relayers send for nodes

  async submitUpdates(results: UpdateResult[]): Promise<ContractTransactionResponse> {
    const { round, retry } = await this.round();
    return this.contracts.coordinator.submitUpdates(this.taskId, round, retry, results);
  }

  async submitReports(results: ReportResult[]): Promise<ContractTransactionResponse> {
    const { round, retry, aggregate } = await this.round();
    return this.contracts.coordinator.submitReports(this.taskId, round, retry, aggregate, results);
  }

  async submitAggregate(proposal: Proposal): Promise<ContractTransactionResponse> {
    const { round, retry, attempt } = await this.round();
    return this.contracts.coordinator.submitAggregate(this.taskId, round, retry, attempt, proposal);
  }

  advance(): Promise<ContractTransactionResponse> {
    return this.contracts.coordinator.advance(this.taskId);
  }

  // --------------------------------------------------------------------------------------------------- whole phases

  /** Updates of these nodes, or of all active ones, in batches of at most 128. */
  async train(nodes?: readonly TestNode[]): Promise<void> {
    const opening = await this.round();
    const fields = { round: opening.round, retry: opening.retry, base: opening.base };
    for (const batch of batches(nodes ?? (await this.activeNodes()))) {
      await this.submitUpdates(await Promise.all(batch.map((node) => this.signUpdate(node, fields))));
    }
  }

  /** The proposal of the open attempt. */
  async aggregate(fields: ProposalFields = {}): Promise<ContractTransactionResponse> {
    return this.submitAggregate(await this.proposal(fields));
  }

  /** Reports of these nodes, or of all active ones. The last of all active ones finalises the round. */
  async negotiate(
    scoresOf: (node: TestNode) => readonly number[] = () => this.rising(),
    nodes?: readonly TestNode[],
  ): Promise<ContractTransactionResponse> {
    const { round, retry, base, aggregate } = await this.round();
    const fields = { round, retry, base, aggregate };
    let last: ContractTransactionResponse | undefined;
    for (const batch of batches(nodes ?? (await this.activeNodes()))) {
      last = await this.submitReports(
        await Promise.all(batch.map((node) => this.signReport(node, scoresOf(node), fields))),
      );
    }
    if (last === undefined) throw new Error("No node reports");
    return last;
  }

  /** A whole round in which every active node takes part. */
  async playRound(
    scoresOf?: (node: TestNode) => readonly number[],
    proposal: ProposalFields = {},
  ): Promise<ContractTransactionResponse> {
    await this.train();
    await this.aggregate(proposal);
    return this.negotiate(scoresOf);
  }

  /** Lets the phase run out. The next transaction stands at its deadline. */
  async passDeadline(): Promise<void> {
    const { deadline } = await this.round();
    await this.connection.networkHelpers.time.setNextBlockTimestamp(deadline);
  }

  /** R scores that rise with r. */
  rising(): number[] {
    return Array.from({ length: this.terms.negotiationSteps }, (_, r) => 100 * (r + 1));
  }
}

/** The lowest ranks that make up the threshold, the proposer among them. */
function enoughRanks(proposerRank: number, threshold: number): number[] {
  const ranks = Array.from({ length: threshold }, (_, rank) => rank);
  if (proposerRank >= threshold) ranks[threshold - 1] = proposerRank;
  return ranks;
}

function batches<T>(items: readonly T[], size = 128): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

async function addressOf(contract: BaseContract): Promise<Address> {
  return (await contract.getAddress()) as Address;
}
