import { isError, keccak256, type JsonRpcProvider, type TransactionReceipt, type Wallet } from "ethers";
import type { Logger } from "pino";
import { InputError } from "../../../protocol/errors.ts";
import { ChainError, TransactionReplacedError } from "./chainError.ts";
import { contractErrorOf } from "./contractError.ts";
import type { HeadWatcher } from "./headWatcher.ts";

/** Added to every estimate, since any submission may be the one that moves the phase (DESIGN.md section 11). */
const GAS_MARGIN = 300_000n;
/** What one transaction may use at most (EIP-7825). */
const MAX_GAS = 16_777_216n;
/** The least raise that nodes of a chain accept for a replacement is a tenth; an eighth is on the safe side. */
const RAISE_PERCENT = 113n;
const DEFAULT_TIP = 1_000_000_000n;
const TIP_AGE_MS = 30_000;
/** Times that a transaction is offered anew while the endpoint refuses it for its nonce or fee. */
const MAX_OFFERS = 8;

export interface TransactionRequest {
  readonly to: string;
  readonly data: string;
  /** What it does, for logs and errors, e.g. "submitUpdates". */
  readonly label: string;
}

export interface TransactionSenderOptions {
  readonly provider: JsonRpcProvider;
  readonly signer: Wallet;
  readonly chainId: number;
  readonly heads: HeadWatcher;
  readonly logger: Logger;
  /** Milliseconds without inclusion after which the fee is raised. */
  readonly stuckAfterMs?: number;
}

interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** One transaction on its way: all versions share the nonce, so at most one of them is ever included. */
interface Offered {
  readonly request: TransactionRequest;
  readonly nonce: number;
  readonly gasLimit: bigint;
  readonly fees: Fees;
  readonly hashes: readonly string[];
  readonly raw: string;
}

/**
 * Sends the transactions of one account. Nonces are its own: they are given out one after another, in the order of
 * `send`, while the waiting for inclusion overlaps. It starts at the chain's count of included transactions, so what an
 * earlier life left stuck in the pool is replaced rather than queued behind.
 */
export class TransactionSender {
  readonly #provider: JsonRpcProvider;
  readonly #signer: Wallet;
  readonly #chainId: number;
  readonly #heads: HeadWatcher;
  readonly #logger: Logger;
  readonly #stuckAfterMs: number;
  /** The end of the queue in which nonces are given out. */
  #queue: Promise<unknown> = Promise.resolve();
  #nextNonce = 0;
  #inFlight = 0;
  #tip: { readonly value: bigint; readonly at: number } | undefined;

  constructor(options: TransactionSenderOptions) {
    this.#provider = options.provider;
    this.#signer = options.signer;
    this.#chainId = options.chainId;
    this.#heads = options.heads;
    this.#logger = options.logger;
    this.#stuckAfterMs = options.stuckAfterMs ?? 30_000;
  }

  get address(): string {
    return this.#signer.address;
  }

  /**
   * Sends a transaction and waits until it is in a block that the head watcher has seen.
   * @throws {ContractError} when the contract refuses it, before or after inclusion; nothing is sent in the first case.
   * @throws {InputError} when the account cannot pay for it.
   * @throws {TransactionReplacedError} when another transaction took its nonce.
   */
  async send(request: TransactionRequest, signal: AbortSignal): Promise<TransactionReceipt> {
    const offered = await this.#inTurn(() => this.#offerFirst(request, signal));
    try {
      const receipt = await this.#untilIncluded(offered, signal);
      await this.#heads.reaches(receipt.blockNumber, signal);
      return receipt;
    } finally {
      this.#inFlight--;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #offerFirst(request: TransactionRequest, signal: AbortSignal): Promise<Offered> {
    signal.throwIfAborted();
    const gasLimit = await this.#estimate(request);
    if (this.#inFlight === 0) this.#nextNonce = await this.#includedCount();
    const offered = await this.#offer(request, gasLimit, await this.#fees());
    this.#nextNonce = offered.nonce + 1;
    this.#inFlight++;
    return offered;
  }

  async #estimate({ to, data, label }: TransactionRequest): Promise<bigint> {
    try {
      const estimate = await this.#provider.estimateGas({ from: this.address, to, data });
      return estimate + GAS_MARGIN < MAX_GAS ? estimate + GAS_MARGIN : MAX_GAS;
    } catch (error) {
      throw this.#explain(label, error);
    }
  }

  /** Offers at the next nonce; steps over nonces that turn out to be used, raises fees that turn out too low. */
  async #offer(request: TransactionRequest, gasLimit: bigint, startFees: Fees): Promise<Offered> {
    let nonce = this.#nextNonce;
    let fees = startFees;
    for (let offers = 1; ; offers++) {
      const raw = await this.#sign(request, nonce, gasLimit, fees);
      try {
        await this.#broadcast(raw);
        return { request, nonce, gasLimit, fees, hashes: [keccak256(raw)], raw };
      } catch (error) {
        if (offers < MAX_OFFERS && isNonceUsed(error))
          nonce = Math.max(nonce + 1, await this.#includedCount());
        else if (offers < MAX_OFFERS && isUnderpriced(error)) fees = raised(fees, await this.#fees());
        else throw this.#explain(request.label, error);
      }
    }
  }

  async #untilIncluded(first: Offered, signal: AbortSignal): Promise<TransactionReceipt> {
    let offered = first;
    let offeredAt = performance.now();
    for (;;) {
      const { head } = this.#heads;
      const receipt = await this.#receiptOf(offered);
      if (receipt !== undefined) return this.#checked(receipt, offered);
      if (performance.now() - offeredAt >= this.#stuckAfterMs) {
        offered = await this.#offerAgain(offered);
        offeredAt = performance.now();
      }
      const wake = AbortSignal.timeout(this.#stuckAfterMs);
      await this.#heads.after(head, AbortSignal.any([signal, wake])).catch(() => signal.throwIfAborted());
    }
  }

  /** The receipt of whichever version was included. @throws {TransactionReplacedError} when a stranger's was. */
  async #receiptOf(offered: Offered): Promise<TransactionReceipt | undefined> {
    const find = async (): Promise<TransactionReceipt | undefined> => {
      for (const hash of offered.hashes.toReversed()) {
        const receipt = await this.#provider.getTransactionReceipt(hash);
        if (receipt !== null) return receipt;
      }
      return undefined;
    };
    const receipt = await find();
    if (receipt !== undefined || (await this.#includedCount()) <= offered.nonce) return receipt;
    const late = await find();
    if (late !== undefined) return late;
    throw new TransactionReplacedError(
      `Another transaction of ${this.address} took nonce ${offered.nonce} from ${offered.request.label}`,
      { hint: "Let only one process use this account" },
    );
  }

  /** The same transaction again: as it was if the pool has dropped it, with a higher fee if it is stuck there. */
  async #offerAgain(offered: Offered): Promise<Offered> {
    const newest = offered.hashes.at(-1) ?? "";
    const isPending = (await this.#provider.send("eth_getTransactionByHash", [newest])) !== null;
    const fees = isPending ? raised(offered.fees, await this.#fees()) : offered.fees;
    const raw = isPending
      ? await this.#sign(offered.request, offered.nonce, offered.gasLimit, fees)
      : offered.raw;
    const { label } = offered.request;
    this.#logger.warn({ label, nonce: offered.nonce, isPending }, "transaction is stuck, sending it again");
    try {
      await this.#broadcast(raw);
    } catch (error) {
      if (!isNonceUsed(error) && !isUnderpriced(error)) throw this.#explain(label, error);
    }
    const hash = keccak256(raw);
    return { ...offered, fees, raw, hashes: hash === newest ? offered.hashes : [...offered.hashes, hash] };
  }

  async #checked(receipt: TransactionReceipt, { request }: Offered): Promise<TransactionReceipt> {
    if (receipt.status !== 0) {
      this.#logger.debug({ label: request.label, gas: Number(receipt.gasUsed) }, "transaction included");
      return receipt;
    }
    const { to, data, label } = request;
    try {
      await this.#provider.call({ from: this.address, to, data, blockTag: receipt.blockNumber });
    } catch (error) {
      throw this.#explain(label, error);
    }
    throw new ChainError(`${label} was included but reverted, in transaction ${receipt.hash}`);
  }

  async #sign(request: TransactionRequest, nonce: number, gasLimit: bigint, fees: Fees): Promise<string> {
    const { to, data } = request;
    return this.#signer.signTransaction({
      type: 2,
      chainId: this.#chainId,
      to,
      data,
      nonce,
      gasLimit,
      ...fees,
    });
  }

  async #broadcast(raw: string): Promise<void> {
    try {
      await this.#provider.send("eth_sendRawTransaction", [raw]);
    } catch (error) {
      if (!/already known|known transaction/i.test(messageOf(error))) throw error;
    }
  }

  async #includedCount(): Promise<number> {
    return this.#provider.getTransactionCount(this.address, "latest");
  }

  /** Twice the base fee, so that six full blocks in a row do not price it out, plus the tip that the endpoint suggests. */
  async #fees(): Promise<Fees> {
    if (this.#tip === undefined || performance.now() - this.#tip.at > TIP_AGE_MS) {
      const value = await this.#provider.send("eth_maxPriorityFeePerGas", []).then(BigInt, () => DEFAULT_TIP);
      this.#tip = { value, at: performance.now() };
    }
    const maxPriorityFeePerGas = this.#tip.value;
    return { maxPriorityFeePerGas, maxFeePerGas: 2n * this.#heads.head.baseFeePerGas + maxPriorityFeePerGas };
  }

  #explain(label: string, error: unknown): Error {
    if (isError(error, "INSUFFICIENT_FUNDS") || /insufficient funds|enough funds/i.test(messageOf(error))) {
      return new InputError(`Account ${this.address} cannot pay for ${label}`, {
        hint: "Send it some of the chain's native currency for gas",
        cause: error,
      });
    }
    const refusal = contractErrorOf(label, error);
    return refusal ?? new ChainError(`${label} could not be sent: ${messageOf(error)}`, { cause: error });
  }
}

function raised(fees: Fees, current: Fees): Fees {
  return {
    maxFeePerGas: raise(fees.maxFeePerGas, current.maxFeePerGas),
    maxPriorityFeePerGas: raise(fees.maxPriorityFeePerGas, current.maxPriorityFeePerGas),
  };
}

function raise(old: bigint, current: bigint): bigint {
  const least = (old * RAISE_PERCENT) / 100n + 1n;
  return least > current ? least : current;
}

function isNonceUsed(error: unknown): boolean {
  return isError(error, "NONCE_EXPIRED") || /nonce too low/i.test(messageOf(error));
}

function isUnderpriced(error: unknown): boolean {
  return (
    isError(error, "REPLACEMENT_UNDERPRICED") ||
    /underpriced|fee too low|lower than the minimum|less than block base fee|too low for the next block/i.test(
      messageOf(error),
    )
  );
}

/** The messages of an error and of those inside it, since endpoints and library nest them. */
function messageOf(error: unknown): string {
  const messages: string[] = [];
  for (
    let inner: unknown = error, depth = 0;
    typeof inner === "object" && inner !== null && depth < 4;
    depth++
  ) {
    const { message, error: next, info } = inner as { message?: unknown; error?: unknown; info?: unknown };
    if (typeof message === "string") messages.push(message);
    inner = next ?? info;
  }
  return messages.join(": ");
}
