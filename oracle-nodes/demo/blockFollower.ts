import type { InterfaceAbi } from "ethers";
import { Interface } from "ethers";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { ConcordatError } from "@concordat/protocol/errors";
import { fromEthersLog } from "@concordat/protocol/events/chainLog";
import type { ConcordatEvent } from "@concordat/protocol/events/concordatEvent";
import { contractFinder } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { decodeEvent } from "@concordat/protocol/events/decodeEvent";
import type { ChainProvider } from "@concordat/chain/endpoints/chainProvider";
import { inBatches } from "@concordat/chain/endpoints/inBatches";

/** A transaction to one of the contracts, once it is in a block. */
export interface ObservedCall {
  /** "RoundCoordinator.submitUpdates". */
  readonly action: string;
  readonly from: string;
  readonly gasUsed: bigint;
  readonly succeeded: boolean;
}

/** A contract whose calls are watched. */
export interface WatchedContract {
  readonly name: string;
  readonly address: string;
  readonly abi: InterfaceAbi;
}

/** What a block holds that concerns the contracts. */
export interface ObservedBlock {
  readonly number: number;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly calls: readonly ObservedCall[];
  readonly events: readonly ConcordatEvent[];
}

/** Blocks that are read at once. */
const AHEAD = 16;

/** Reads the chain block by block: every call to the contracts with its gas, and every event, each exactly once. */
export class BlockFollower {
  readonly #provider: ChainProvider;
  readonly #contracts: ReadonlyMap<string, { readonly name: string; readonly abi: Interface }>;
  readonly #contractAt: (address: string) => ContractName | undefined;
  #next: number;

  /** @param called Contracts whose calls are told; events are those of the deployment. */
  constructor(
    provider: ChainProvider,
    { contracts, deploymentBlock }: Pick<AddressBook, "contracts" | "deploymentBlock">,
    called: readonly WatchedContract[],
  ) {
    this.#provider = provider;
    this.#contractAt = contractFinder(contracts);
    this.#contracts = new Map(
      called.map(({ name, address, abi }) => [address.toLowerCase(), { name, abi: Interface.from(abi) }]),
    );
    this.#next = deploymentBlock;
  }

  /** The blocks since the last call, a few of them read at once: on a busy machine blocks come faster than answers. */
  async *blocks(): AsyncGenerator<ObservedBlock> {
    const latest = await this.#provider.getBlockNumber();
    while (this.#next <= latest) {
      const count = Math.min(AHEAD, latest - this.#next + 1);
      const first = this.#next;
      const numbers = Array.from({ length: count }, (_, i) => first + i);
      for (const block of await inBatches(numbers, async (number) => this.#read(number))) {
        yield block;
        this.#next++;
      }
    }
  }

  async #read(number: number): Promise<ObservedBlock> {
    const block = await this.#provider.getBlock(number, true);
    if (block === null) throw new ConcordatError(`The chain has no block ${number}`);
    const receipts = await inBatches(block.transactions, async (hash) => {
      const receipt = await this.#provider.getTransactionReceipt(hash);
      if (receipt === null) throw new ConcordatError(`Transaction ${hash} of block ${number} is gone`);
      return receipt;
    });
    const calls: ObservedCall[] = [];
    const events: ConcordatEvent[] = [];
    for (const [i, receipt] of receipts.entries()) {
      const transaction = block.prefetchedTransactions[i];
      if (transaction === undefined) continue;
      const target = this.#contracts.get(transaction.to?.toLowerCase() ?? "");
      if (target !== undefined) {
        const call = target.abi.getFunction(transaction.data.slice(0, 10));
        calls.push({
          action: `${target.name}.${call?.name ?? "?"}`,
          from: transaction.from,
          gasUsed: receipt.gasUsed,
          succeeded: receipt.status === 1,
        });
      }
      for (const log of receipt.logs) {
        const contract = this.#contractAt(log.address);
        if (contract !== undefined) events.push(decodeEvent(contract, fromEthersLog(log)));
      }
    }
    return { number, timestamp: block.timestamp, calls, events };
  }
}
