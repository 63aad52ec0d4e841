import { Interface, type Log } from "ethers";
import { nodeRegistryAbi, taskRegistryAbi } from "@concordat/protocol/contracts/abis";
import type { NodeId, TaskId } from "@concordat/protocol/ids";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import { readLogs } from "@concordat/chain/heads/readLogs";

/** Blocks that are read again each time: an endpoint's logs may come later than its blocks. */
const OVERLAP = 64;

const NODES = new Interface(nodeRegistryAbi);
const TASKS = new Interface(taskRegistryAbi);
const JOINS: ReadonlySet<string> = new Set(
  ["MembershipQueued", "MemberJoined"].map((name) => topicOf(TASKS, name)),
);
const MOVES = topicOf(NODES, "EndpointsChanged");

/** What the registries' logs told that was not told before. */
export interface News {
  /** Tasks in which the node asked to join, or joined. */
  readonly joined: readonly TaskId[];
  /** Nodes that serve elsewhere now. */
  readonly moved: readonly NodeId[];
}

/**
 * Reads from the logs of both registries, in one request, what concerns a node. Logs are a hint and no proof: an endpoint
 * that is behind gives fewer without saying so, so that the last blocks are read again each time, and what the contracts
 * count decides in the end.
 */
export class RegistryNews {
  readonly #chain: ChainGateway;
  readonly #nodeId: NodeId;
  /** Logs that were told, with their blocks: one of another branch is another log. */
  readonly #told = new Map<string, number>();
  #readTo: number;

  constructor(chain: ChainGateway, nodeId: NodeId) {
    this.#chain = chain;
    this.#nodeId = nodeId;
    this.#readTo = chain.confirmedBlock;
  }

  /** What is new up to the block that is confirmed now. @throws {EndpointError} */
  async read(): Promise<News> {
    const { provider, book, confirmedBlock: toBlock } = this.#chain;
    const fromBlock = Math.max(book.deploymentBlock, Math.min(this.#readTo, toBlock) - OVERLAP);
    const { NodeRegistry, TaskRegistry } = book.contracts;
    const logs = await readLogs(provider, {
      address: [NodeRegistry, TaskRegistry],
      topics: [[MOVES, ...JOINS]],
      fromBlock,
      toBlock,
    });
    const fresh = logs.filter((log) => this.#isNew(log));
    this.#readTo = toBlock;
    for (const [id, block] of this.#told) if (block < fromBlock - OVERLAP) this.#told.delete(id);
    const ids = (wanted: (log: Log) => boolean): number[] => [
      ...new Set(fresh.filter(wanted).map(({ topics }) => Number(topics[1]))),
    ];
    return {
      joined: ids(
        ({ topics }) => JOINS.has(topics[0] ?? "") && Number(topics[2]) === this.#nodeId,
      ) as TaskId[],
      moved: ids(({ topics }) => topics[0] === MOVES) as NodeId[],
    };
  }

  #isNew({ blockHash, blockNumber, index }: Log): boolean {
    const id = `${blockHash}/${index}`;
    const isNew = !this.#told.has(id);
    this.#told.set(id, blockNumber);
    return isNew;
  }
}

function topicOf(contract: Interface, event: string): string {
  const fragment = contract.getEvent(event);
  if (fragment === null) throw new TypeError(`There is no event ${event}`);
  return fragment.topicHash;
}
