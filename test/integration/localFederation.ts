import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Contract,
  Interface,
  Wallet,
  ZeroAddress,
  id,
  toBeHex,
  type EventLog,
  type LogDescription,
} from "ethers";
import hre from "hardhat";
import { pino, type Logger } from "pino";
import { deployConcordat } from "#deploy/deployConcordat";
import { createHeliaStore } from "#store/helia/heliaStore";
import type { ArtifactStore } from "#store/artifactStore";
import type { ChainGateway } from "#chain/contracts/chainGateway";
import { connectChain } from "#chain/contracts/connectChain";
import type { RoundView } from "#chain/contracts/roundView";
import { digits } from "#learning/data/digits";
import { createEngine } from "#learning/engines/createEngine";
import type { Topology } from "#learning/models/models";
import { evaluationOf } from "#learning/tasks/taskFiles";
import { writeKeystore } from "#node/setup/keystore";
import { parseNodeConfig, type NodeConfig, type NodeConfigInput } from "#node/setup/nodeConfig";
import type { NodeStatus } from "#node/status/nodeStatus";
import { runNode } from "#node/runNode";
import { roundCoordinatorAbi, taskRegistryAbi } from "#protocol/contracts/abis";
import type { AddressBook } from "#protocol/contracts/addressBook";
import { INITIAL_MODEL, encodeArtifact } from "#protocol/artifacts/artifact";
import type { CompressionTerms } from "#protocol/manifest/compressionTerms";
import type { DatasetTerms } from "#protocol/manifest/datasetTerms";
import {
  AggregationRule,
  AlphaGrid,
  ElectionMode,
  ScoreKind,
  Strategy,
  TrainingBase,
} from "#protocol/contracts/enums";
import { bps, type Address, type Digest, type NodeId, type TaskId } from "#protocol/ids";
import { encodeManifest, type TaskManifest } from "#protocol/manifest/manifest";
import type { PrivacyTerms } from "#protocol/manifest/privacyTerms";
import { termsToAbi, type TaskTerms } from "#protocol/terms/taskTerms";

export const PASSWORD = "correct horse";
/** A keystore that opens at once: only for tests. */
const WEAK = { N: 2, r: 1, p: 1 };
const COORDINATOR = new Interface(roundCoordinatorAbi);

/** One oracle node of the federation, which can be stopped and started like a process. */
export interface FederationNode {
  readonly index: number;
  readonly nodeId: NodeId;
  readonly wallet: Wallet;
  readonly config: NodeConfig;
}

export interface FederationOptions {
  readonly nodes: number;
  readonly blockMs?: number;
  /** Layers of the model between input and output. */
  readonly topology?: Topology;
  readonly compression?: CompressionTerms;
  readonly privacy?: PrivacyTerms;
  /** By a node's index: what its operator lets it spend. */
  readonly privacyBudgets?: Readonly<Record<number, NodeConfigInput["privacyBudget"]>>;
  /** Where the nodes' log goes; by default to the standard error output at level CONCORDAT_TEST_LOG. */
  readonly logger?: Logger;
  readonly trainPerClass?: number;
  readonly validationPerClass?: number;
  /** Other data than digits: what the manifest says about it, and a node's configuration, by its index. */
  readonly data?: {
    readonly terms: DatasetTerms;
    readonly ofNode: (index: number) => NonNullable<NodeConfigInput["dataset"]>;
  };
}

/** A real chain, real contracts, real nodes: what a federation is, on one machine and in one process. */
export class LocalFederation {
  readonly nodes: FederationNode[] = [];
  readonly chain: ChainGateway;
  readonly book: AddressBook;
  readonly store: ArtifactStore;
  readonly manifest: TaskManifest;
  readonly initialModel: Digest;
  readonly logger: Logger;
  readonly signal = new AbortController();
  readonly #running = new Map<number, { stop: () => Promise<void>; failed: Promise<never> }>();
  readonly #cleanUp: (() => Promise<unknown>)[];
  #manifestDigest: Digest;

  private constructor(parts: {
    chain: ChainGateway;
    book: AddressBook;
    store: ArtifactStore;
    manifest: TaskManifest;
    manifestDigest: Digest;
    initialModel: Digest;
    logger: Logger;
    cleanUp: (() => Promise<unknown>)[];
  }) {
    this.chain = parts.chain;
    this.book = parts.book;
    this.store = parts.store;
    this.manifest = parts.manifest;
    this.initialModel = parts.initialModel;
    this.logger = parts.logger;
    this.#manifestDigest = parts.manifestDigest;
    this.#cleanUp = parts.cleanUp;
  }

  static async start(options: FederationOptions): Promise<LocalFederation> {
    const { nodes: count, blockMs = 100 } = options;
    const level = process.env["CONCORDAT_TEST_LOG"] ?? "silent";
    const logger = options.logger ?? pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
    const cleanUp: (() => Promise<unknown>)[] = [];
    const folder = await mkdtemp(join(tmpdir(), "concordat-federation-"));
    cleanUp.push(() => rm(folder, { recursive: true, force: true }));
    const server = await hre.network.createServer(
      {
        network: "node",
        override: { allowBlocksWithSameTimestamp: true, mining: { auto: false, interval: blockMs } },
      },
      "127.0.0.1",
      0,
    );
    const { address, port } = await server.listen();
    cleanUp.push(() => server.close());
    const rpcUrl = `http://${address}:${port}`;
    const wallets = Array.from({ length: count }, (_, i) => new Wallet(id(`node ${i}`)));
    const book = await deployConcordat({
      hre,
      chain: rpcUrl,
      founders: wallets.map((wallet) => ({ operator: wallet.address, signer: wallet.address })),
      votingPeriod: 86_400,
      unbondingPeriod: 90 * 86_400,
      developmentToken: true,
    });
    const publisher = new Wallet(id("publisher"));
    const chain = await connectChain({
      rpcUrl,
      addressBook: book,
      confirmations: 0,
      pollMs: 20,
      signer: publisher,
      logger,
    });
    cleanUp.push(() => chain.close());
    for (const { address: account } of [publisher, ...wallets]) {
      await chain.provider.send("hardhat_setBalance", [account, toBeHex(10n ** 21n)]);
    }
    const store = await createHeliaStore({ dir: join(folder, "publisher") });
    cleanUp.push(() => store.close());
    const { manifest, initial } = await smallTask(options);
    const manifestDigest = await store.put(encodeManifest(manifest));
    const initialModel = await store.put(initial);
    const federation = new LocalFederation({
      chain,
      book,
      store,
      manifest,
      manifestDigest,
      initialModel,
      logger,
      cleanUp,
    });
    const addressBook = join(folder, "addresses.json");
    await writeFile(addressBook, JSON.stringify(book));
    for (const [index, wallet] of wallets.entries()) {
      const dataDir = join(folder, `node-${index}`);
      await mkdir(dataDir);
      const keystore = join(dataDir, "keystore.json");
      await writeKeystore(keystore, wallet.privateKey, PASSWORD, WEAK);
      const input: NodeConfigInput = {
        rpcUrl,
        addressBook,
        dataDir,
        keystore,
        confirmations: 0,
        pollMs: 25,
        idlePollMs: 25,
        providers: [store.endpoints()],
        ...(options.privacyBudgets?.[index] && { privacyBudget: options.privacyBudgets[index] }),
        dataset: options.data?.ofNode(index) ?? {
          partition: {
            seed: 7,
            nodes: count,
            index,
            trainPerClass: options.trainPerClass ?? 20,
            validationPerClass: options.validationPerClass ?? 10,
          },
        },
      };
      federation.nodes.push({ index, nodeId: (index + 1) as NodeId, wallet, config: parseNodeConfig(input) });
    }
    return federation;
  }

  /** Publishes a task with short phases. */
  async publish(overrides: Partial<TaskTerms> = {}): Promise<TaskId> {
    const { contracts } = this.book;
    const now = this.chain.heads.now();
    const terms: TaskTerms = {
      manifestDigest: this.#manifestDigest,
      initialModelDigest: this.initialModel,
      maxArtifactBytes: 1 << 24,
      coordinator: contracts.RoundCoordinator,
      arbiter: new Wallet(id("arbiter")).address as Address,
      stakeVault: contracts.StakeVault,
      rewardLedger: contracts.RewardLedger,
      minNodes: this.nodes.length,
      maxNodes: this.nodes.length + 4,
      stakeToken: ZeroAddress as Address,
      minStake: 0n,
      startTime: now,
      timeLimit: now + 3600,
      trainingSeconds: 60,
      fetchSeconds: 20,
      objectionSeconds: 10,
      aggregationSeconds: 60,
      negotiationSeconds: 60,
      slotSeconds: 5,
      disputeWindowSeconds: 60,
      maxAttempts: 3,
      maxVoidRounds: 3,
      rounds: 2,
      negotiationSteps: 4,
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
      maxSamples: 100_000,
      scoreKind: ScoreKind.Accuracy,
      maxScore: 10_000,
      targetScore: 0,
      reputationInitial: 5,
      reputationMax: 100,
      strictReputation: false,
      penaliseUnavailable: false,
      penaliseSilent: false,
      rewardToken: ZeroAddress as Address,
      rewardUnit: 0n,
      slashRecipient: ZeroAddress as Address,
      slashBounty: 0n,
      ...overrides,
    };
    const permit = { deadline: 0, v: 0, r: this.initialModel, s: this.initialModel };
    const registry = new Interface(taskRegistryAbi);
    const data = registry.encodeFunctionData("publish", [termsToAbi(terms), permit]);
    await this.chain.sender.send({ to: contracts.TaskRegistry, data, label: "publish" }, this.signal.signal);
    return (await this.chain.taskCount()) as TaskId;
  }

  /** Lets nodes join by their operators. */
  async join(taskId: TaskId, nodes = this.nodes): Promise<void> {
    await Promise.all(nodes.map((node) => this.#changeMembership("joinTask", taskId, node)));
  }

  /** Lets a node leave by its operator, at the next opening if the task runs. */
  async leave(taskId: TaskId, node: FederationNode): Promise<void> {
    await this.#changeMembership("leaveTask", taskId, node);
  }

  /** Starts a node as a process would start. The returned promise of `failed` rejects if it ends by itself with an error. */
  startNode(node: FederationNode, onStatus?: (status: NodeStatus) => void): void {
    const controller = new AbortController();
    const done = runNode(node.config, {
      password: PASSWORD,
      signal: controller.signal,
      logger: this.logger.child({ node: node.nodeId }),
      ...(onStatus !== undefined && { onStatus }),
    });
    const failed = new Promise<never>((_resolve, reject) => {
      done.catch(reject);
    });
    failed.catch(() => undefined);
    const stop = async (): Promise<void> => {
      controller.abort(new Error("stopped by the test"));
      await done;
    };
    this.#running.set(node.index, { stop, failed });
  }

  async stopNode(node: FederationNode): Promise<void> {
    const running = this.#running.get(node.index);
    this.#running.delete(node.index);
    await running?.stop();
  }

  /** Resolves with the round once it satisfies the condition; rejects if a node fails meanwhile. */
  async until(
    taskId: TaskId,
    condition: (view: RoundView) => boolean | Promise<boolean>,
  ): Promise<RoundView> {
    const failures = [...this.#running.values()].map(({ failed }) => failed);
    const watching = (async () => {
      for (;;) {
        const { head } = this.chain.heads;
        const view = await this.chain.roundOf(taskId);
        if (await condition(view)) return view;
        await this.chain.heads.after(head, this.signal.signal);
      }
    })();
    return Promise.race([watching, ...failures]);
  }

  /** The coordinator's events of this name for a task, oldest first. */
  async events(taskId: TaskId, name: string): Promise<LogDescription["args"][]> {
    const coordinator = new Contract(
      this.book.contracts.RoundCoordinator,
      roundCoordinatorAbi,
      this.chain.provider,
    );
    const logs = await coordinator.queryFilter(name, this.book.deploymentBlock);
    return logs.map((log) => (log as EventLog).args).filter((args) => Number(args["taskId"]) === taskId);
  }

  /** Lets the chain's clock jump, so that no test waits for a deadline. */
  async passSeconds(seconds: number): Promise<void> {
    await this.chain.provider.send("evm_increaseTime", [toBeHex(Math.ceil(seconds))]);
  }

  /** Posts a result that a node's software would not make. */
  async send(wallet: Wallet, label: string, args: readonly unknown[]): Promise<void> {
    const coordinator = new Contract(
      this.book.contracts.RoundCoordinator,
      COORDINATOR,
      wallet.connect(this.chain.provider),
    );
    const sent = await coordinator.getFunction(label)(...args, { gasLimit: 3_000_000 });
    await this.#included(sent.hash);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.nodes.map((node) => this.stopNode(node)));
    this.signal.abort(new Error("the test is over"));
    for (const undo of this.#cleanUp.toReversed()) await undo();
  }

  async #changeMembership(
    change: "joinTask" | "leaveTask",
    taskId: TaskId,
    { wallet, nodeId }: FederationNode,
  ): Promise<void> {
    const { TaskRegistry } = this.book.contracts;
    const registry = new Contract(TaskRegistry, taskRegistryAbi, wallet.connect(this.chain.provider));
    const sent = await registry.getFunction(change)(taskId, nodeId, { gasLimit: 1_000_000 });
    await this.#included(sent.hash);
  }

  async #included(hash: string): Promise<void> {
    for (;;) {
      const { head } = this.chain.heads;
      const receipt = await this.chain.provider.getTransactionReceipt(hash);
      if (receipt?.status === 0) throw new Error(`transaction ${hash} reverted`);
      if (receipt === null) {
        await this.chain.heads.after(head, this.signal.signal);
        continue;
      }
      // What the publisher asks next is asked of a block that has it.
      await this.chain.heads.reaches(receipt.blockNumber, this.signal.signal);
      return;
    }
  }
}

/** A task, on the built-in digits unless other data is given, with a model of at most a few thousand weights. */
async function smallTask({
  topology: given,
  compression = { kind: "none" },
  privacy = { kind: "none" },
  data,
}: FederationOptions): Promise<{ manifest: TaskManifest; initial: Uint8Array }> {
  const { inputShape, classes, mean, std } = data?.terms ?? digits();
  const topology = given ?? smallTopology(inputShape, classes);
  const engine = await createEngine("auto");
  const model = await engine.load({ topology }, inputShape, classes);
  const tensors = model.specs.map(({ name, shape }) => ({ name, shape: [...shape] }));
  const initial = encodeArtifact(INITIAL_MODEL, model.initialise(1));
  model.dispose();
  const manifest: TaskManifest = {
    format: "concordat/manifest/1",
    name: "digits",
    description: "",
    model: { topology, tensors },
    dataset: data?.terms ?? {
      name: "digits",
      inputShape: [...inputShape],
      classes,
      mean: [...mean],
      std: [...std],
    },
    training: { optimiser: "sgd", learningRate: 0.05, momentum: 0.9, localEpochs: 1, batchSize: 20, seed: 1 },
    evaluation: evaluationOf({ classes }),
    privacy,
    compression,
  };
  return { manifest, initial };
}

function layer(className: string, config: Record<string, unknown>) {
  return { class_name: className, config };
}

function smallTopology(inputShape: readonly number[], classes: number): Topology {
  const layers = [
    layer("Flatten", { name: "flatten", batch_input_shape: [null, ...inputShape] }),
    layer("Dense", { name: "hidden", units: 16, activation: "relu", use_bias: true }),
    layer("Dense", { name: "logits", units: classes, activation: "linear", use_bias: true }),
  ];
  return { class_name: "Sequential", config: { name: "small", layers } };
}
