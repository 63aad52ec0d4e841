import type { InterfaceAbi, JsonRpcProvider, LogDescription } from "ethers";
import { Interface } from "ethers";

/** A transaction to one of the contracts, once it is in a block. */
export interface ObservedCall {
  /** "RoundCoordinator.submitUpdates". */
  readonly action: string;
  readonly from: string;
  readonly gasUsed: bigint;
  readonly succeeded: boolean;
}

/** An event of one of the contracts. */
export interface ObservedEvent {
  readonly contract: string;
  readonly name: string;
  readonly args: LogDescription["args"];
  readonly blockNumber: number;
}

/** A contract to watch. */
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
  readonly events: readonly ObservedEvent[];
}

/** Reads the chain block by block: every call to the contracts with its gas, and every event, each exactly once. */
export class BlockFollower {
  readonly #provider: JsonRpcProvider;
  readonly #contracts: ReadonlyMap<string, { readonly name: string; readonly abi: Interface }>;
  #next: number;

  constructor(provider: JsonRpcProvider, contracts: readonly WatchedContract[], fromBlock: number) {
    this.#provider = provider;
    this.#contracts = new Map(
      contracts.map(({ name, address, abi }) => [address.toLowerCase(), { name, abi: Interface.from(abi) }]),
    );
    this.#next = fromBlock;
  }

  /** The blocks since the last call. */
  async *blocks(): AsyncGenerator<ObservedBlock> {
    const latest = await this.#provider.getBlockNumber();
    while (this.#next <= latest) {
      yield await this.#read(this.#next);
      this.#next++;
    }
  }

  async #read(number: number): Promise<ObservedBlock> {
    const block = await this.#provider.getBlock(number);
    if (block === null) throw new Error(`The chain has no block ${number}`);
    const calls: ObservedCall[] = [];
    const events: ObservedEvent[] = [];
    for (const hash of block.transactions) {
      const [transaction, receipt] = await Promise.all([
        this.#provider.getTransaction(hash),
        this.#provider.getTransactionReceipt(hash),
      ]);
      if (transaction === null || receipt === null) throw new Error(`Transaction ${hash} is gone`);
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
        const source = this.#contracts.get(log.address.toLowerCase());
        const event = source?.abi.parseLog(log);
        if (source && event)
          events.push({ contract: source.name, name: event.name, args: event.args, blockNumber: number });
      }
    }
    return { number, timestamp: block.timestamp, calls, events };
  }
}
