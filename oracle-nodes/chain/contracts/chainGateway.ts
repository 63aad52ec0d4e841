import { Contract, Interface, zeroPadValue, toBeHex, type TransactionReceipt } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  taskRegistryAbi,
} from "@concordat/protocol/contracts/abis";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { bitmapHas, fromBitmap } from "@concordat/protocol/rules/bitmap";
import { MemberStatus, TaskState, enumValue } from "@concordat/protocol/contracts/enums";
import { fromEthersLog } from "@concordat/protocol/events/chainLog";
import { decodeEvent, eventNameOf } from "@concordat/protocol/events/decodeEvent";
import type { Address, Digest, MemberId, NodeId, TaskId } from "@concordat/protocol/ids";
import { termsFromAbi, type TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { INodeRegistry } from "../typechain/interfaces/INodeRegistry.sol/INodeRegistry.ts";
import type { IRewardLedger } from "../typechain/interfaces/IRewardLedger.sol/IRewardLedger.ts";
import type {
  IRoundCoordinator,
  IRoundCoordinatorTypes,
} from "../typechain/interfaces/IRoundCoordinator.sol/IRoundCoordinator.ts";
import type { ITaskRegistry } from "../typechain/interfaces/ITaskRegistry.sol/ITaskRegistry.ts";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { EndpointError } from "../endpoints/endpointError.ts";
import type { HeadWatcher } from "../heads/headWatcher.ts";
import { lastSubmission, phaseChangeGas } from "../sending/phaseChangeGas.ts";
import { readLogs } from "../heads/readLogs.ts";
import { roundView, type CommitteeView, type PostedUpdate, type RoundView } from "./roundView.ts";
import type { TransactionSender } from "../sending/transactionSender.ts";

/** A round's opening, which all results of it name. */
export interface Opening {
  readonly taskId: TaskId;
  readonly round: number;
  readonly retry: number;
}

/** Where a task stands in its life. */
export interface TaskStatusView {
  readonly state: TaskState;
  readonly activeCount: number;
  readonly memberCount: number;
  readonly roundsPlayed: number;
}

/** A node's place in a task. `position` counts while active or leaving. */
export interface MemberView {
  readonly memberId: MemberId | 0;
  readonly position: number;
  readonly status: MemberStatus;
}

export interface NodeView {
  readonly operator: Address;
  readonly signer: Address;
  readonly isMember: boolean;
  readonly endpoints: string;
}

interface GatewayParts {
  readonly provider: ChainProvider;
  readonly book: AddressBook;
  readonly heads: HeadWatcher;
  readonly sender: TransactionSender;
  readonly confirmations: number;
}

const COORDINATOR = new Interface(roundCoordinatorAbi);
const TASKS = new Interface(taskRegistryAbi);

/**
 * The contracts as the node sees them: typed reads at blocks that are `confirmations` deep, and submissions through one
 * sender. A read is tried again until the provider's patience ends: then it throws an EndpointError, or at once a ContractError
 * for what a contract said. Reads of one decision name one block, `at`; without it each is at the block that is confirmed now.
 */
export class ChainGateway {
  readonly book: AddressBook;
  readonly heads: HeadWatcher;
  readonly sender: TransactionSender;
  readonly confirmations: number;
  readonly provider: ChainProvider;
  /** The round of each task as read last, and a block before its opening if an earlier opening was seen. */
  readonly #lastSeen = new Map<TaskId, { readonly view: RoundView; readonly before: number | undefined }>();
  readonly #nodes: INodeRegistry;
  readonly #tasks: ITaskRegistry;
  readonly #coordinator: IRoundCoordinator;
  readonly #ledger: IRewardLedger;

  constructor({ provider, book, heads, sender, confirmations }: GatewayParts) {
    this.provider = provider;
    this.book = book;
    this.heads = heads;
    this.sender = sender;
    this.confirmations = confirmations;
    const { NodeRegistry, TaskRegistry, RoundCoordinator, RewardLedger } = book.contracts;
    this.#nodes = new Contract(NodeRegistry, nodeRegistryAbi, provider) as unknown as INodeRegistry;
    this.#tasks = new Contract(TaskRegistry, taskRegistryAbi, provider) as unknown as ITaskRegistry;
    this.#ledger = new Contract(RewardLedger, rewardLedgerAbi, provider) as unknown as IRewardLedger;
    this.#coordinator = new Contract(
      RoundCoordinator,
      roundCoordinatorAbi,
      provider,
    ) as unknown as IRoundCoordinator;
  }

  /** The newest block that is deep enough to act on. */
  get confirmedBlock(): number {
    return Math.max(0, this.heads.head.number - this.confirmations);
  }

  async close(): Promise<void> {
    await this.heads.close();
    await this.sender.close();
    this.provider.destroy();
  }

  // ------------------------------------------------------------------------------------------------------------ nodes

  /** The node that an account signs or ever signed for, else undefined. */
  async nodeOfSigner(signer: string, at = this.confirmedBlock): Promise<NodeId | undefined> {
    const id = await this.#nodes.nodeOfSigner(signer, { blockTag: at });
    return id === 0n ? undefined : (Number(id) as NodeId);
  }

  async node(nodeId: NodeId, at = this.confirmedBlock): Promise<NodeView> {
    const info = await this.#nodes.getFunction("node")(nodeId, { blockTag: at });
    return {
      operator: info.operator as Address,
      signer: info.signer as Address,
      isMember: info.isMember,
      endpoints: info.endpoints,
    };
  }

  /** Nodes whose endpoints changed in these blocks, as far as the logs say: one that does not serve is read anew anyway. */
  async endpointsChanged(fromBlock: number, toBlock: number): Promise<NodeId[]> {
    const logs = await readLogs(this.provider, {
      address: this.book.contracts.NodeRegistry,
      topics: [topicOf(this.#nodes.interface, "EndpointsChanged")],
      fromBlock,
      toBlock,
    });
    return [...new Set(logs.map((log) => Number(log.topics[1]) as NodeId))];
  }

  async nodeCount(at = this.confirmedBlock): Promise<number> {
    return Number(await this.#nodes.nodeCount({ blockTag: at }));
  }

  /** The key that counts for results of a round that opened at `timestamp`. */
  async signerAt(nodeId: NodeId, timestamp: number, at = this.confirmedBlock): Promise<Address> {
    return (await this.#nodes.signerAt(nodeId, timestamp, { blockTag: at })) as Address;
  }

  // ------------------------------------------------------------------------------------------------------------ tasks

  async taskCount(at = this.confirmedBlock): Promise<number> {
    return Number(await this.#tasks.taskCount({ blockTag: at }));
  }

  async terms(taskId: TaskId, at = this.confirmedBlock): Promise<TaskTerms> {
    return termsFromAbi(await this.#tasks.terms(taskId, { blockTag: at }));
  }

  async taskStatus(taskId: TaskId, at = this.confirmedBlock): Promise<TaskStatusView> {
    const status = await this.#tasks.status(taskId, { blockTag: at });
    return {
      state: enumValue(TaskState, status.state),
      activeCount: Number(status.activeCount),
      memberCount: Number(status.memberCount),
      roundsPlayed: Number(status.roundsPlayed),
    };
  }

  async member(taskId: TaskId, nodeId: NodeId, at = this.confirmedBlock): Promise<MemberView> {
    const member = await this.#tasks.member(taskId, nodeId, { blockTag: at });
    return {
      memberId: Number(member.memberId) as MemberId | 0,
      position: Number(member.position),
      status: enumValue(MemberStatus, member.status),
    };
  }

  /** Active members in order of position. */
  async activeMembers(taskId: TaskId, at = this.confirmedBlock): Promise<MemberId[]> {
    const members = await this.#tasks.activeMembers(taskId, { blockTag: at });
    return members.map((id) => Number(id) as MemberId);
  }

  async nodeOfMember(taskId: TaskId, memberId: MemberId, at = this.confirmedBlock): Promise<NodeId> {
    const id = await this.#tasks.nodeIdOfMember(taskId, memberId, { blockTag: at });
    return Number(id) as NodeId;
  }

  /** Tasks in which the node asked to join, or joined, in these blocks, as far as the logs say: the contract counts them. */
  async tasksJoined(nodeId: NodeId, fromBlock: number, toBlock: number): Promise<TaskId[]> {
    const logs = await readLogs(this.provider, {
      address: this.book.contracts.TaskRegistry,
      topics: [
        [topicOf(TASKS, "MembershipQueued"), topicOf(TASKS, "MemberJoined")],
        null,
        zeroPadValue(toBeHex(nodeId), 32),
      ],
      fromBlock,
      toBlock,
    });
    return [...new Set(logs.map((log) => Number(log.topics[1]) as TaskId))];
  }

  // ----------------------------------------------------------------------------------------------------------- rounds

  async roundOf(taskId: TaskId): Promise<RoundView> {
    const view = await this.#roundAt(taskId, this.confirmedBlock);
    const last = this.#lastSeen.get(taskId);
    const isSame = last?.view.round === view.round && last.view.retry === view.retry;
    this.#lastSeen.set(taskId, { view, before: isSame ? last.before : last?.view.block });
    return view;
  }

  async #roundAt(taskId: TaskId, block: number): Promise<RoundView> {
    return roundView(await this.#coordinator.roundOf(taskId, { blockTag: block }), block);
  }

  async committeeOf(taskId: TaskId, at = this.confirmedBlock): Promise<CommitteeView> {
    const [nodeIds, memberIds, threshold] = await this.#coordinator.committeeOf(taskId, { blockTag: at });
    return {
      nodeIds: nodeIds.map((id) => Number(id) as NodeId),
      memberIds: memberIds.map((id) => Number(id) as MemberId),
      threshold: Number(threshold),
    };
  }

  async hasPosted(taskId: TaskId, memberId: MemberId, at = this.confirmedBlock): Promise<boolean> {
    return this.#coordinator.hasPosted(taskId, memberId, { blockTag: at });
  }

  async hasReported(taskId: TaskId, memberId: MemberId, at = this.confirmedBlock): Promise<boolean> {
    return this.#coordinator.hasReported(taskId, memberId, { blockTag: at });
  }

  /** Members that posted in the present retry, and the words that a bitmap of this round has. */
  async posted(
    taskId: TaskId,
    at = this.confirmedBlock,
  ): Promise<{ readonly members: ReadonlySet<MemberId>; readonly words: number }> {
    const words = await this.#coordinator.postedBitmap(taskId, { blockTag: at });
    return { members: new Set(fromBitmap(words) as MemberId[]), words: words.length };
  }

  /** Whether a member's update is in the aggregate of a finalised round. */
  async isAccepted(taskId: TaskId, round: number, memberId: MemberId): Promise<boolean> {
    const [accepted] = await this.#ledger.roundBitmaps(taskId, round, { blockTag: this.confirmedBlock });
    return bitmapHas(accepted, memberId);
  }

  /**
   * The updates that were accepted in one opening up to a block, read from the events since `openedAt`, ascending by member.
   * @throws {EndpointError} "incompleteLogs" while the logs do not name exactly those that the contract counts at that block.
   */
  async postedUpdates(opening: Opening, openedAt: number, at = this.confirmedBlock): Promise<PostedUpdate[]> {
    const seen = this.#lastSeen.get(opening.taskId);
    const isPresent = seen?.view.round === opening.round && seen.view.retry === opening.retry;
    const fromBlock = (isPresent ? seen.before : undefined) ?? (await this.#blockOf(openedAt));
    const [logs, { members }] = await Promise.all([
      readLogs(this.provider, {
        address: this.book.contracts.RoundCoordinator,
        topics: [
          topicOf(COORDINATOR, "UpdateAccepted"),
          zeroPadValue(toBeHex(opening.taskId), 32),
          zeroPadValue(toBeHex(opening.round), 32),
        ],
        fromBlock,
        toBlock: at,
      }),
      this.posted(opening.taskId, at),
    ]);
    const updates = new Map<MemberId, PostedUpdate>();
    for (const log of logs) {
      // An endpoint may give other logs than those that it was asked for.
      if (eventNameOf("RoundCoordinator", log) !== "UpdateAccepted") continue;
      const { name, args } = decodeEvent("RoundCoordinator", fromEthersLog(log));
      if (name !== "UpdateAccepted" || args.retry !== opening.retry) continue;
      const { nodeId, memberId, digest, samples } = args;
      updates.set(memberId, { nodeId, memberId, digest, samples });
    }
    if (updates.size !== members.size || [...members].some((member) => !updates.has(member))) {
      // The next time is read from further back, in case it is this side that missed the opening.
      this.#lastSeen.delete(opening.taskId);
      this.provider.pool.blameLogs();
      const detail = `${updates.size} of ${members.size} updates of round ${opening.round}`;
      throw new EndpointError(this.provider.endpoints.join(", "), "incompleteLogs", detail, "eth_getLogs");
    }
    return [...updates.values()].toSorted((a, b) => a.memberId - b.memberId);
  }

  // ------------------------------------------------------------------------------------------------------ submissions

  async submitUpdate(
    { taskId, round, retry }: Opening,
    result: IRoundCoordinatorTypes.UpdateResultStruct,
    signal: AbortSignal,
  ): Promise<TransactionReceipt> {
    return this.#submit("submitUpdates", [taskId, round, retry, [result]], signal, {
      taskId,
      count: ({ postedCount }) => postedCount,
    });
  }

  async submitAggregate(
    { taskId, round, retry }: Opening,
    attempt: number,
    proposal: IRoundCoordinatorTypes.ProposalStruct,
    signal: AbortSignal,
  ): Promise<TransactionReceipt> {
    return this.#submit("submitAggregate", [taskId, round, retry, attempt, proposal], signal);
  }

  async submitReport(
    { taskId, round, retry }: Opening,
    aggregate: Digest,
    result: IRoundCoordinatorTypes.ReportResultStruct,
    signal: AbortSignal,
  ): Promise<TransactionReceipt> {
    return this.#submit("submitReports", [taskId, round, retry, aggregate, [result]], signal, {
      taskId,
      count: ({ reportedCount }) => reportedCount,
    });
  }

  async advance(taskId: TaskId, signal: AbortSignal): Promise<TransactionReceipt> {
    return this.#submit("advance", [taskId], signal);
  }

  async start(taskId: TaskId, signal: AbortSignal): Promise<TransactionReceipt> {
    return this.#submit("start", [taskId], signal);
  }

  /** Publishes where the caller's node serves its artifacts; the sender must be the node's operator. */
  async setEndpoints(endpoints: string, signal: AbortSignal): Promise<TransactionReceipt> {
    const data = this.#nodes.interface.encodeFunctionData("setEndpoints", [endpoints]);
    return this.sender.send({ to: this.book.contracts.NodeRegistry, data, label: "setEndpoints" }, signal);
  }

  /** @param mover Of a submission that moves the phase where it is the last: which task, and how many have come so far. */
  async #submit(
    label: string,
    args: readonly unknown[],
    signal: AbortSignal,
    mover?: { readonly taskId: TaskId; readonly count: (view: RoundView) => number },
  ): Promise<TransactionReceipt> {
    const to = this.book.contracts.RoundCoordinator;
    const data = COORDINATOR.encodeFunctionData(label, args);
    const extraGas = async (): Promise<bigint | undefined> => {
      if (mover === undefined) return 0n;
      const { taskId } = mover;
      const block = this.heads.head.number;
      const count = mover.count(await this.#roundAt(taskId, block));
      const call = { account: this.sender.address, contract: to, data };
      return phaseChangeGas(this.provider.simulator, call, lastSubmission(taskId, count), block);
    };
    return this.sender.send({ to, data, label, extraGas }, signal);
  }

  /** The last block before `timestamp`, at least the deployment's: where to start reading what happened since. */
  async #blockOf(timestamp: number): Promise<number> {
    let low = this.book.deploymentBlock;
    let high = this.confirmedBlock;
    for (let step = 1; low < high; step *= 2) {
      // Recent blocks are asked for first: rounds are short, chains are long.
      const guess = step < high - low ? high - step : Math.floor((low + high) / 2);
      const block = await this.provider.getBlock(guess);
      if (block !== null && block.timestamp >= timestamp) high = guess;
      else if (low === guess) break;
      else low = guess;
    }
    return low;
  }
}

function topicOf(contract: Pick<Interface, "getEvent">, event: string): string {
  const fragment = contract.getEvent(event);
  if (fragment === null) throw new TypeError(`There is no event ${event}`);
  return fragment.topicHash;
}
