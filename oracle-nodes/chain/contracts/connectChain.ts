import { setTimeout as sleep } from "node:timers/promises";
import type { Wallet } from "ethers";
import type { Logger } from "pino";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import { ChainGateway } from "./chainGateway.ts";
import { openProvider, type ChainProvider } from "../endpoints/chainProvider.ts";
import { checkBlockNumbers } from "./checkBlockNumbers.ts";
import { checkContracts } from "./checkContracts.ts";
import { EndpointError, faultWords, isEndpointFault } from "../endpoints/endpointError.ts";
import { HeadWatcher } from "../heads/headWatcher.ts";
import { TransactionJournal } from "../sending/transactionJournal.ts";
import { TransactionSender, type SenderOptions } from "../sending/transactionSender.ts";

/** Milliseconds in which one of the endpoints must answer at the start. */
const CONNECT_PATIENCE_MS = 5000;
/** Milliseconds between two tries of whoever waits for an endpoint. */
const WAIT_MS = 2000;

export interface ConnectOptions extends Pick<
  SenderOptions,
  "earlier" | "onEarlier" | "giveUpAfterMs" | "stuckAfterMs"
> {
  /** Addresses of JSON-RPC endpoints of one chain, preferred ones first. */
  readonly rpcUrl: string | readonly string[];
  readonly addressBook: AddressBook;
  /** Blocks that must lie on top of what is read. */
  readonly confirmations: number;
  /** Milliseconds between two looks at the newest block, while work waits for blocks and while none does. */
  readonly pollMs: number;
  readonly idlePollMs?: number;
  /** Who pays for and signs transactions. */
  readonly signer: Wallet;
  readonly logger: Logger;
  /** Names the folder in which transactions are kept before they are sent; they are lost with the process without one. */
  readonly journal?: (provider: ChainProvider) => Promise<string>;
  /** Milliseconds for which a read is tried again. */
  readonly patienceMs?: number;
  /** Waits for endpoints that cannot be used yet until this aborts, instead of telling at once. */
  readonly waitUntil?: AbortSignal;
}

/**
 * Connects to the contracts of an address book, after checking that they are there and what they should be.
 * @throws {InputError} naming what is wrong: the endpoint, its chain, or an address without its contract.
 */
export async function connectChain(options: ConnectOptions): Promise<ChainGateway> {
  const { addressBook: book, logger, signer, confirmations, patienceMs, waitUntil } = options;
  const provider = await connectProvider(options.rpcUrl, book, {
    logger,
    ...(patienceMs !== undefined && { patienceMs }),
    ...(waitUntil !== undefined && { waitUntil }),
  });
  try {
    const { pollMs, idlePollMs = pollMs, journal, earlier, onEarlier, giveUpAfterMs, stuckAfterMs } = options;
    const heads = await HeadWatcher.start(provider, { pollMs, idlePollMs, logger });
    const sender = new TransactionSender({
      provider,
      signer: signer.connect(provider),
      chainId: book.chainId,
      heads,
      logger,
      journal: await TransactionJournal.open(await journal?.(provider), earlier === "finish"),
      ...(earlier !== undefined && { earlier }),
      ...(onEarlier !== undefined && { onEarlier }),
      ...(giveUpAfterMs !== undefined && { giveUpAfterMs }),
      ...(stuckAfterMs !== undefined && { stuckAfterMs }),
    });
    return new ChainGateway({ provider, book, heads, sender, confirmations });
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/**
 * A provider for reading the contracts of an address book, checked as {@link connectChain} does.
 * @throws {InputError} likewise.
 */
export async function connectProvider(
  rpcUrl: string | readonly string[],
  book: AddressBook,
  options: {
    readonly logger?: Logger;
    readonly patienceMs?: number;
    readonly waitUntil?: AbortSignal;
  } = {},
): Promise<ChainProvider> {
  const provider = openProvider(rpcUrl, book.chainId, options);
  const { waitUntil, logger } = options;
  try {
    let said = "";
    for (;;) {
      try {
        await checkChains(provider, book, options);
        await checkContracts(provider, book);
        await checkBlockNumbers(provider);
        return provider;
      } catch (error) {
        if (!isEndpointFault(error) || waitUntil === undefined) throw error;
        if (said !== error.message)
          logger?.warn(
            { problem: error.message },
            "no endpoint of the chain can be used yet: waiting for one",
          );
        said = error.message;
        await sleep(WAIT_MS, undefined, { signal: waitUntil });
      }
    }
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

/** Each endpoint that answers must serve the book's chain, and one must answer. */
async function checkChains(
  provider: ChainProvider,
  book: AddressBook,
  { logger, waitUntil }: { readonly logger?: Logger; readonly waitUntil?: AbortSignal },
): Promise<void> {
  const answers = await provider.pool.chainIds();
  const isServed = answers.some(({ chainId }) => chainId === book.chainId);
  for (const { name, chainId } of answers) {
    if (chainId instanceof EndpointError || chainId === book.chainId) continue;
    const words = `${name} serves chain ${chainId}, but the address book is for chain ${book.chainId}`;
    // Who runs unwatched goes on with those that are right.
    if (!(isServed && waitUntil !== undefined))
      throw new InputError(words, { hint: "Give an endpoint and an address book of the same chain" });
    logger?.error({ endpoint: name, problem: words }, "an endpoint is left out");
  }
  const failed = answers.flatMap(({ chainId }) => (chainId instanceof EndpointError ? chainId : []));
  if (isServed) {
    for (const error of failed)
      logger?.warn({ endpoint: error.endpoint, problem: error.message }, "an endpoint is left out for now");
    return;
  }
  try {
    await provider.ask("eth_chainId", [], { patienceMs: waitUntil === undefined ? CONNECT_PATIENCE_MS : 0 });
  } catch (cause) {
    const isWaited = waitUntil !== undefined && !isEndpointFault(cause, "unauthorised", "unsupported");
    if (!(cause instanceof EndpointError) || isWaited) throw cause;
    const { endpoint, fault, message } = cause;
    const reason = message.split(": ").slice(1).join(": ") || faultWords(fault);
    throw new InputError(`The chain's endpoint ${endpoint} cannot be reached: ${reason}`, {
      hint: "Start the chain, or correct rpcUrl",
      cause,
    });
  }
  return checkChains(provider, book, { ...(logger && { logger }), ...(waitUntil && { waitUntil }) });
}
