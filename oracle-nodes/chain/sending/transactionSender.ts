import { keccak256, type TransactionReceipt, type Wallet } from "ethers";
import type { Logger } from "pino";
import { InputError } from "@concordat/protocol/errors";
import { ChainError, TransactionReplacedError, TransactionUnknownError } from "../contracts/chainError.ts";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { ContractError, contractErrorOf } from "../contracts/contractError.ts";
import { isEndpointFault } from "../endpoints/endpointError.ts";
import { estimateGas } from "./estimateGas.ts";
import { MAX_GAS } from "./maxGas.ts";
import { FeeMarket, type Fees } from "./feeMarket.ts";
import type { HeadWatcher } from "../heads/headWatcher.ts";
import { REFUSALS, offerEverywhere, offerOnce } from "./offerBytes.ts";
import { SentTransactions, isVersion } from "./sentTransactions.ts";
import type { SentTransaction, TransactionJournal } from "./transactionJournal.ts";

/** What is added to an estimate, in percent of it: the state may change a little before inclusion. */
const GAS_MARGIN_PERCENT = 25n;
/** Times that a transaction is signed anew while the endpoint refuses it for its nonce or fee. */
const MAX_OFFERS = 8;
/** Milliseconds after which bytes are offered again of which nobody said that they arrived. */
const OFFER_AGAIN_MS = 2000;
/** Milliseconds between two looks for a receipt at most, whatever the newest block. */
const LOOK_MS = 2000;
/** The longest timer, 24 days: a longer one would end at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds for which the newest block may stay behind that of a receipt. */
const HEAD_WAIT_MS = 30_000;

export interface TransactionRequest {
  readonly to: string;
  readonly data: string;
  /** What it does, for logs and errors, e.g. "submitUpdates". */
  readonly label: string;
  /** What its caller wants, where equal bytes do not say it; a later process that wants the same finds what was sent. */
  readonly intent?: string;
  /** For one that may come to move a phase: gas that it needs beyond its estimate then; undefined where that cannot be found. */
  readonly extraGas?: () => Promise<bigint | undefined>;
}

export interface SenderOptions {
  readonly provider: ChainProvider;
  readonly signer: Wallet;
  readonly chainId: number;
  readonly heads: HeadWatcher;
  readonly logger: Logger;
  readonly journal: TransactionJournal;
  /**
   * What becomes of transactions that an earlier process left without an end: "replace" takes their nonce for the next one, for
   * what is worth nothing later; "finish" brings each to its end first, for what a person wanted.
   */
  readonly earlier?: "replace" | "finish";
  /** Told, in a sentence, what became of an earlier process's transaction that is not the one that is asked for. */
  readonly onEarlier?: (sentence: string) => void;
  /** Milliseconds after which a transaction without news is given up as unknown; never where it is left out. */
  readonly giveUpAfterMs?: number;
  /** Milliseconds without inclusion after which the fee is raised. */
  readonly stuckAfterMs?: number;
}

/** A transaction on its way, and whether somebody said that it arrived. */
interface Offered {
  readonly transaction: SentTransaction;
  readonly hasArrived: boolean;
}

/** What was seen of a transaction that is waited for. */
interface Seen {
  transaction: SentTransaction;
  /** The account's transactions in blocks; undefined while nobody says. */
  count: number | undefined;
}

/**
 * Sends the transactions of one account. A transaction's identity is its signed bytes, which are in the journal before they
 * leave: whatever an endpoint answers, or fails to, the question is whether those bytes are in a block, and a new nonce is taken
 * only once a block proves that they never can be. Nonces are given out in the order of `send`; the waiting overlaps.
 */
export class TransactionSender {
  readonly #provider: ChainProvider;
  readonly #signer: Wallet;
  readonly #chainId: number;
  readonly #heads: HeadWatcher;
  readonly #logger: Logger;
  readonly #journal: TransactionJournal;
  readonly #sent: SentTransactions;
  readonly #market: FeeMarket;
  readonly #finishesEarlier: boolean;
  readonly #onEarlier: (sentence: string) => void;
  readonly #giveUpAfterMs: number;
  readonly #stuckAfterMs: number;
  /** The end of the queue in which nonces are given out. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Nonces of this process's transactions that are on their way. */
  readonly #inFlight = new Set<number>();
  /** Nonces whose receipt a caller of this process was given. */
  readonly #told = new Set<number>();
  /** Hashes of transactions whose nonce was taken for another. */
  readonly #givenUp = new Set<string>();
  /** The least nonce that this process has not seen used. */
  #floor = 0;
  /** Reorganisations that had been seen when the floor was found. */
  #reorganisations = 0;

  constructor(options: SenderOptions) {
    this.#provider = options.provider;
    this.#signer = options.signer;
    this.#chainId = options.chainId;
    this.#heads = options.heads;
    this.#logger = options.logger;
    this.#journal = options.journal;
    this.#sent = new SentTransactions(options.provider, options.heads, options.signer.address);
    this.#market = new FeeMarket(options.provider, options.heads);
    this.#finishesEarlier = options.earlier === "finish";
    this.#onEarlier = options.onEarlier ?? (() => undefined);
    this.#giveUpAfterMs = options.giveUpAfterMs ?? Infinity;
    this.#stuckAfterMs = options.stuckAfterMs ?? 30_000;
  }

  get address(): string {
    return this.#signer.address;
  }

  /**
   * Sends a transaction and waits until it is in a block that the head watcher has seen. Where an earlier process sent the same
   * and did not see its end, that one is brought to its end instead.
   * @throws {ContractError} when the contract refuses it, before or after inclusion; nothing is sent in the first case.
   * @throws {InputError} when the account cannot pay for it.
   * @throws {TransactionReplacedError} when another transaction took its nonce.
   * @throws {TransactionUnknownError} when nobody says for long whether it was included.
   */
  async send(request: TransactionRequest, signal: AbortSignal): Promise<TransactionReceipt> {
    for (;;) {
      try {
        return await this.#sendOnce(request, signal);
      } catch (error) {
        // What this account gave up came in after all: a block proves that its nonce is gone, and the bytes with it.
        if (!(error instanceof TransactionReplacedError && this.#givenUp.has(error.other))) throw error;
      }
    }
  }

  async #sendOnce(request: TransactionRequest, signal: AbortSignal): Promise<TransactionReceipt> {
    const offered = await this.#inTurn(async () =>
      this.#journal.exclusively(async () => this.#begin(request, signal)),
    );
    const { nonce } = offered.transaction;
    try {
      const receipt = await this.#untilIncluded(offered, signal);
      this.#told.add(nonce);
      // It is in a block, whatever backend says when it comes to have it.
      const patience = AbortSignal.any([signal, AbortSignal.timeout(HEAD_WAIT_MS)]);
      await this.#heads.reaches(receipt.blockNumber, patience).catch(() => signal.throwIfAborted());
      return receipt;
    } finally {
      this.#inFlight.delete(nonce);
    }
  }

  /** When an earlier process sent what a request wants without seeing its end, in unix milliseconds; undefined if none did. */
  sentEarlierAt(request: TransactionRequest): number | undefined {
    return this.#sentBefore(request)?.sentAt;
  }

  /** Forgets the transactions of which the caller has told its user the end. */
  async acknowledge(): Promise<void> {
    for (const { nonce, isIncluded } of this.#journal.transactions)
      if (isIncluded && this.#told.has(nonce)) await this.#journal.forget(nonce);
  }

  /** Leaves no empty folder behind. */
  async close(): Promise<void> {
    await this.#journal.close();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #begin(request: TransactionRequest, signal: AbortSignal): Promise<Offered> {
    signal.throwIfAborted();
    await this.#settleEarlier(intentOf(request), signal);
    const before = this.#sentBefore(request);
    if (before !== undefined) {
      this.#inFlight.add(before.nonce);
      return { transaction: before, hasArrived: before.isIncluded };
    }
    const gasLimit = await this.#estimate(request);
    const offered = await this.#offerNew(request, gasLimit, signal);
    this.#inFlight.add(offered.transaction.nonce);
    return offered;
  }

  #sentBefore(request: TransactionRequest): SentTransaction | undefined {
    if (!this.#finishesEarlier) return undefined;
    const intent = intentOf(request);
    return this.#journal.transactions.find(
      (sent) => sent.intent === intent && !this.#told.has(sent.nonce) && !this.#inFlight.has(sent.nonce),
    );
  }

  /** Brings what earlier processes sent to an end, as far as this sender is to; what is over is forgotten or marked. */
  async #settleEarlier(intent: string, signal: AbortSignal): Promise<void> {
    for (const sent of this.#journal.transactions) {
      if (this.#inFlight.has(sent.nonce) || this.#told.has(sent.nonce) || sent.isIncluded) continue;
      if (this.#finishesEarlier) await this.#finish(sent, intent, signal);
      else for (const { hash } of sent.versions) this.#givenUp.add(hash);
    }
  }

  /** @throws {TransactionUnknownError} when its end cannot be known: nothing else may be sent then. */
  async #finish(sent: SentTransaction, intent: string, signal: AbortSignal): Promise<void> {
    const tell = (end: string): void => {
      const hash = sent.versions.at(-1)?.hash ?? "";
      this.#onEarlier(`${sent.label}, which an earlier run sent as ${hash}, ${end}`);
    };
    try {
      const { blockNumber } = await this.#untilIncluded({ transaction: sent, hasArrived: false }, signal);
      // Of the one that is asked for, whoever asked tells.
      if (sent.intent !== intent) tell(`is in block ${blockNumber}`);
    } catch (error) {
      if (error instanceof TransactionUnknownError) {
        throw new TransactionUnknownError(sent.label, error.hash, {
          hint: "Try again later: nothing else is sent until its outcome is known",
        });
      }
      if (!(error instanceof ContractError || error instanceof ChainError)) throw error;
      tell(`came to nothing: ${error.message}`);
      this.#logger.warn(
        { label: sent.label, error: error.message },
        "an earlier transaction came to nothing",
      );
    }
  }

  /** With the share for a state that changes, and what moving the phase would cost more. */
  async #estimate({ to, data, label, extraGas }: TransactionRequest): Promise<bigint> {
    try {
      const call = { from: this.address, to, data };
      const estimate = await estimateGas(this.#provider, call, this.#heads.head.number);
      // Where nobody can simulate the move, it is taken to cost as much again.
      const needed = estimate + (extraGas === undefined ? 0n : ((await extraGas()) ?? estimate));
      const limit = needed + (needed * GAS_MARGIN_PERCENT) / 100n;
      return limit < MAX_GAS ? limit : MAX_GAS;
    } catch (error) {
      throw this.#explain(label, error);
    }
  }

  /** Offers at the next nonce; steps over nonces that a block proves used, raises fees that turn out too low. */
  async #offerNew(request: TransactionRequest, gasLimit: bigint, signal: AbortSignal): Promise<Offered> {
    let nonce = await this.#nextNonce(signal);
    let fees = await this.#market.suggest();
    let versions: SentTransaction["versions"] = [];
    for (let offers = 1; ; offers++) {
      const version = await this.#sign(request, nonce, gasLimit, fees);
      versions = [...versions, version];
      const transaction: SentTransaction = {
        format: "concordat/transaction/1",
        label: request.label,
        intent: intentOf(request),
        to: request.to,
        data: request.data,
        nonce,
        gasLimit: String(gasLimit),
        versions,
        fees: { max: String(fees.maxFeePerGas), tip: String(fees.maxPriorityFeePerGas) },
        sentAt: Date.now(),
        isIncluded: false,
      };
      await this.#journal.keep(transaction);
      const fault = await offerOnce(this.#provider, version.raw, signal);
      if (fault === undefined) return { transaction, hasArrived: true };
      // What stands in the pool with this nonce and is not to be replaced for this fee is not ours: it has its own worth.
      const isOthers = this.#finishesEarlier && versions.length === 1 && /replac/i.test(fault.message);
      const raised =
        offers < MAX_OFFERS && fault.fault === "underpriced" && !isOthers
          ? await this.#market.raise(fees)
          : undefined;
      if (raised !== undefined) {
        fees = raised;
      } else if (offers < MAX_OFFERS && fault.fault === "nonceTooLow") {
        const use = await this.#sent.useOf(nonce, signal, { isRefused: true });
        // Bytes that the pool refused and whose nonce another has can never be included: only then a new one is taken.
        if (use.kind !== "taken" || isVersion(transaction, use.hash))
          return { transaction, hasArrived: false };
        await this.#journal.forget(nonce);
        nonce = Math.max(nonce + 1, await this.#sent.count());
        versions = [];
      } else if (!isOthers && REFUSALS.has(fault.fault) && !(await this.#sent.isKnown(transaction, signal))) {
        await this.#journal.forget(nonce);
        throw this.#explain(request.label, fault);
      } else {
        this.#logger.debug({ label: request.label, problem: fault.message }, "not known whether it arrived");
        return { transaction, hasArrived: false };
      }
    }
  }

  /**
   * The chain's count, unless a backend that is behind gives less than this process has seen used or has on its way. A person's
   * wallet may have transactions of the account waiting: theirs are not replaced.
   */
  async #nextNonce(signal: AbortSignal): Promise<number> {
    const included = await this.#sent.count();
    const { reorganisations } = this.#heads;
    // What a reorganisation took out of the chain has given its nonce back: above the gap nothing would ever be included.
    if (reorganisations !== this.#reorganisations) this.#floor = included;
    this.#reorganisations = reorganisations;
    this.#floor = Math.max(this.#floor, included);
    await this.#forgetGivenUp(included);
    const waiting = this.#finishesEarlier ? await this.#sent.countWaiting(signal) : undefined;
    let nonce = Math.max(this.#floor, waiting ?? 0);
    while (this.#inFlight.has(nonce)) nonce++;
    return nonce;
  }

  /** Forgets what an earlier process left behind once its nonce is used, by whichever transaction. */
  async #forgetGivenUp(included: number): Promise<void> {
    for (const { nonce, versions } of this.#journal.transactions) {
      const isOver = nonce < included && !this.#inFlight.has(nonce);
      if (isOver && versions.some(({ hash }) => this.#givenUp.has(hash))) await this.#journal.forget(nonce);
    }
  }

  async #untilIncluded(first: Offered, signal: AbortSignal): Promise<TransactionReceipt> {
    const isBounded = Number.isFinite(this.#giveUpAfterMs);
    const late = isBounded ? AbortSignal.timeout(Math.min(this.#giveUpAfterMs, MAX_TIMER_MS)) : undefined;
    const either = late === undefined ? signal : AbortSignal.any([signal, late]);
    const seen: Seen = { transaction: first.transaction, count: undefined };
    try {
      return await this.#follow(first, seen, either);
    } catch (error) {
      if (signal.aborted || late?.aborted !== true || error !== late.reason) throw error;
      throw this.#unknown(seen);
    }
  }

  #unknown({ transaction: { label, nonce, versions }, count = nonce }: Seen): TransactionUnknownError {
    const hash = versions.at(-1)?.hash ?? "";
    if (count >= nonce || this.#inFlight.has(count)) return new TransactionUnknownError(label, hash);
    return new TransactionUnknownError(label, hash, {
      hint: `Resolve the account's transaction with nonce ${count} first, which another program sent; then run the same command again`,
    });
  }

  /** Looks for a transaction until a block has it, and offers it again; its questions end with the signal. */
  async #follow(first: Offered, seen: Seen, signal: AbortSignal): Promise<TransactionReceipt> {
    let { transaction, hasArrived } = first;
    let offeredAt = performance.now();
    let { number } = this.#heads.head;
    const { reorganisations } = this.#heads;
    for (;;) {
      const { head } = this.#heads;
      const receipt = await this.#sent.receiptOf(transaction, signal);
      if (receipt !== undefined) return this.#conclude(receipt, transaction);
      seen.count = (await this.#checkNonce(transaction, signal)) ?? seen.count;
      if (this.#heads.reorganisations > reorganisations) this.#checkGap(transaction, seen.count);
      const waited = performance.now() - offeredAt;
      if (!hasArrived && waited >= OFFER_AGAIN_MS) {
        hasArrived = await offerEverywhere(this.#provider, transaction.versions.at(-1)?.raw ?? "", signal);
        offeredAt = performance.now();
      } else if (hasArrived && waited >= this.#stuckAfterMs) {
        // Only blocks that leave it out show that it pays too little.
        const isPassed = this.#heads.head.number > number;
        ({ transaction, hasArrived } = await this.#offerAgain(transaction, isPassed, signal));
        seen.transaction = transaction;
        offeredAt = performance.now();
        ({ number } = this.#heads.head);
      }
      const wake = AbortSignal.any([signal, AbortSignal.timeout(Math.min(LOOK_MS, this.#stuckAfterMs))]);
      await this.#heads.after(head, wake).catch(() => signal.throwIfAborted());
    }
  }

  /**
   * A nonce that was given out just before a reorganisation was noticed may stand above those that it gave back, and waits for
   * ever. What is worth nothing later is left then, for its caller to send anew; what a person wanted stays what it is.
   * @throws {ChainError} when it is so.
   */
  #checkGap({ nonce, label }: SentTransaction, count = nonce): void {
    if (this.#finishesEarlier || count >= nonce) return;
    for (let below = count; below < nonce; below++) if (this.#inFlight.has(below)) return;
    throw new ChainError(`${label} is waiting for nonce ${count}, which a reorganisation freed`);
  }

  /**
   * How many of the account's transactions are in blocks, as far as that can be known.
   * @throws {TransactionReplacedError} when a block proves that a stranger's transaction took the nonce.
   */
  async #checkNonce(transaction: SentTransaction, signal: AbortSignal): Promise<number | undefined> {
    const { nonce, label } = transaction;
    const { count, other } = await this.#sent.lookAtNonce(transaction, signal);
    if (other === undefined) return count;
    await this.#journal.forget(nonce);
    throw new TransactionReplacedError(this.address, nonce, label, other);
  }

  /**
   * The same transaction again: as it was if no pool has it or if it pays enough, with a higher fee if it waits in one while
   * blocks pass it.
   */
  async #offerAgain(sent: SentTransaction, isPassed: boolean, signal: AbortSignal): Promise<Offered> {
    const newest = sent.versions.at(-1);
    const isPending = await this.#sent.isKnown({ versions: newest === undefined ? [] : [newest] }, signal);
    const { label, nonce } = sent;
    const before = { maxFeePerGas: BigInt(sent.fees.max), maxPriorityFeePerGas: BigInt(sent.fees.tip) };
    const fees = isPending && isPassed ? await this.#market.raise(before) : undefined;
    if (fees === undefined) {
      this.#logger.debug({ label, nonce, isPending }, "transaction is stuck, offering it again as it is");
      return {
        transaction: sent,
        hasArrived: await offerEverywhere(this.#provider, newest?.raw ?? "", signal),
      };
    }
    this.#logger.warn({ label, nonce }, "transaction is stuck, sending it again with a higher fee");
    const version = await this.#sign(sent, nonce, BigInt(sent.gasLimit), fees);
    const transaction = {
      ...sent,
      versions: [...sent.versions, version],
      fees: { max: String(fees.maxFeePerGas), tip: String(fees.maxPriorityFeePerGas) },
    };
    await this.#journal.keep(transaction);
    // The version before is still there, whatever becomes of this one.
    await offerEverywhere(this.#provider, version.raw, signal);
    return { transaction, hasArrived: true };
  }

  async #conclude(receipt: TransactionReceipt, sent: SentTransaction): Promise<TransactionReceipt> {
    const { label, nonce, to, data } = sent;
    this.#floor = Math.max(this.#floor, nonce + 1);
    if (receipt.status !== 0) {
      if (this.#finishesEarlier) await this.#journal.keep({ ...sent, isIncluded: true });
      else await this.#journal.forget(nonce);
      this.#logger.debug({ label, gas: Number(receipt.gasUsed) }, "transaction included");
      return receipt;
    }
    await this.#journal.forget(nonce);
    if (receipt.gasUsed === BigInt(sent.gasLimit)) {
      throw new ChainError(`${label} was included but ran out of gas, in transaction ${receipt.hash}`);
    }
    try {
      await this.#provider.call({ from: this.address, to, data, blockTag: receipt.blockNumber });
    } catch (error) {
      const refusal = contractErrorOf(error);
      if (refusal !== undefined) throw refusal;
      if (!isEndpointFault(error)) throw error;
    }
    throw new ChainError(`${label} was included but reverted, in transaction ${receipt.hash}`);
  }

  async #sign(
    { to, data }: Pick<TransactionRequest, "to" | "data">,
    nonce: number,
    gasLimit: bigint,
    fees: Fees,
  ): Promise<{ readonly hash: string; readonly raw: string }> {
    const chainId = this.#chainId;
    const raw = await this.#signer.signTransaction({ type: 2, chainId, to, data, nonce, gasLimit, ...fees });
    return { hash: keccak256(raw), raw };
  }

  #explain(label: string, error: unknown): unknown {
    if (isEndpointFault(error, "insufficientFunds")) {
      return new InputError(`Account ${this.address} cannot pay for ${label}`, {
        hint: "Send it some of the chain's native currency for gas",
        cause: error,
      });
    }
    if (error instanceof ContractError) return error.named(label);
    if (isEndpointFault(error))
      return new ChainError(`${label} was not sent: ${error.message}`, { cause: error });
    return error;
  }
}

function intentOf({ to, data, intent }: TransactionRequest): string {
  return intent ?? `${to} ${data}`.toLowerCase();
}
