import { FetchRequest, JsonRpcProvider, Network, type Wallet } from "ethers";
import type { Logger } from "pino";
import type { AddressBook } from "../../../protocol/addressBook.ts";
import { InputError } from "../../../protocol/errors.ts";
import { ChainGateway } from "./chainGateway.ts";
import { checkContracts } from "./checkContracts.ts";
import { HeadWatcher } from "./headWatcher.ts";
import { TransactionSender } from "./transactionSender.ts";

/** How long the endpoint may take for one answer. */
const REQUEST_TIMEOUT_MS = 20_000;

export interface ConnectOptions {
  /** http:// or https:// address of a JSON-RPC endpoint. */
  readonly rpcUrl: string;
  readonly addressBook: AddressBook;
  /** Blocks that must lie on top of what is read. */
  readonly confirmations: number;
  /** Milliseconds between two looks at the newest block. */
  readonly pollMs: number;
  /** Who pays for and signs transactions. */
  readonly signer: Wallet;
  readonly logger: Logger;
  readonly stuckAfterMs?: number;
}

/**
 * Connects to the contracts of an address book, after checking that they are there and what they should be.
 * @throws {InputError} naming what is wrong: the endpoint, its chain, or an address without its contract.
 */
export async function connectChain(options: ConnectOptions): Promise<ChainGateway> {
  const { addressBook: book, logger, signer, confirmations } = options;
  const provider = createProvider(options.rpcUrl, book.chainId);
  try {
    await checkChain(provider, options.rpcUrl, book);
    const heads = await HeadWatcher.start(provider, options.pollMs, logger);
    const sender = new TransactionSender({
      provider,
      signer: signer.connect(provider),
      chainId: book.chainId,
      heads,
      logger,
      ...(options.stuckAfterMs !== undefined && { stuckAfterMs: options.stuckAfterMs }),
    });
    return new ChainGateway({ provider, book, heads, sender, confirmations });
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** A provider that asks one question at a time, at once, and remembers no answer: nonces and heads must be fresh. */
export function createProvider(rpcUrl: string, chainId: number): JsonRpcProvider {
  if (!/^https?:\/\//.test(rpcUrl)) {
    throw new InputError(`"${rpcUrl}" is not an HTTP endpoint`, {
      hint: "Give rpcUrl as http:// or https://",
    });
  }
  const request = new FetchRequest(rpcUrl);
  request.timeout = REQUEST_TIMEOUT_MS;
  const network = Network.from(chainId);
  return new JsonRpcProvider(request, network, {
    staticNetwork: network,
    batchMaxCount: 1,
    cacheTimeout: -1,
  });
}

async function checkChain(provider: JsonRpcProvider, rpcUrl: string, book: AddressBook): Promise<void> {
  const chainId = Number(await firstAnswer(provider, rpcUrl));
  if (chainId !== book.chainId) {
    throw new InputError(`${rpcUrl} serves chain ${chainId}, the address book is for chain ${book.chainId}`, {
      hint: "Give the endpoint and the address book of the same chain",
    });
  }
  await checkContracts(provider, book);
}

async function firstAnswer(provider: JsonRpcProvider, rpcUrl: string): Promise<string> {
  try {
    return (await provider.send("eth_chainId", [])) as string;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split(" (")[0] : String(cause);
    throw new InputError(`The chain's endpoint ${rpcUrl} cannot be reached: ${reason}`, {
      hint: "Start the chain, or correct rpcUrl",
      cause,
    });
  }
}
