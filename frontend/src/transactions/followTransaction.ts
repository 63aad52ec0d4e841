import {
  BaseError,
  HttpRequestError,
  TimeoutError,
  TransactionNotFoundError,
  TransactionReceiptNotFoundError,
  isAddressEqual,
} from "viem";
import type { Hex, PublicClient, TransactionReceipt } from "viem";

/** What tells a transaction from one that takes its place. Kept over a reload, so as text. */
export interface TransactionContent {
  readonly from: Hex;
  readonly nonce: number;
  /** Null where it creates a contract. */
  readonly to: Hex | null;
  readonly input: Hex;
  /** Wei. */
  readonly value: string;
  /** A block at whose end the nonce was still free. */
  readonly seenAt: number;
}

/** How the life of a transaction ended. */
export type Ending =
  /** Mined as it was sent. It may have reverted: see the receipt. */
  | { readonly kind: "mined"; readonly receipt: TransactionReceipt }
  /** The same at another fee was mined. */
  | { readonly kind: "repriced"; readonly receipt: TransactionReceipt }
  /** Another one took its nonce: one that does nothing, or something else. */
  | { readonly kind: "cancelled" | "replaced"; readonly hash: Hex }
  /** For long the endpoint has not known it, or it has forgotten which one took its nonce. */
  | { readonly kind: "lost" };

export interface Following {
  readonly client: PublicClient;
  readonly hash: Hex;
  /** What an earlier visit has seen of it. */
  readonly known: TransactionContent | undefined;
  readonly onSeen: (content: TransactionContent) => void;
  /** Milliseconds without a trace of it after which it counts as lost. */
  readonly lostAfterMs?: number;
}

const LOST_AFTER_MS = 300_000;

/**
 * Follows a transaction to its end, however long that takes while the endpoint knows it, and through times in which nobody
 * answers. It is replaced once its sender's nonce is used without its receipt; that also holds for what happened while
 * nobody looked.
 */
export async function followTransaction({
  client,
  hash,
  known,
  onSeen,
  lostAfterMs = LOST_AFTER_MS,
}: Following): Promise<Ending> {
  let content = known;
  let lastSeen = Date.now();
  for (;;) {
    try {
      const receipt = await receiptOf(client, hash);
      if (receipt !== undefined) return { kind: "mined", receipt };
      const seen = await contentOf(client, hash);
      if (seen !== undefined) lastSeen = Date.now();
      if (seen !== undefined && content === undefined) onSeen(seen);
      content ??= seen;
      if (content !== undefined && (await isNonceUsed(client, content))) {
        const ending = await whatTookItsNonce(client, content, hash);
        if (ending !== undefined) return ending;
      }
    } catch (error) {
      if (isUnanswered(error)) lastSeen = Date.now();
    }
    if (Date.now() - lastSeen > lostAfterMs) return { kind: "lost" };
    await new Promise((resolve) => setTimeout(resolve, client.pollingInterval));
  }
}

async function receiptOf(client: PublicClient, hash: Hex): Promise<TransactionReceipt | undefined> {
  try {
    return await client.getTransactionReceipt({ hash });
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined;
    throw error;
  }
}

async function contentOf(client: PublicClient, hash: Hex): Promise<TransactionContent | undefined> {
  const head = await client.getBlockNumber({ cacheTime: 0 });
  try {
    const { from, nonce, to, input, value, blockNumber } = await client.getTransaction({ hash });
    const seenAt = blockNumber === null ? Number(head) : Number(blockNumber) - 1;
    return { from, nonce, to, input, value: String(value), seenAt };
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return undefined;
    throw error;
  }
}

async function isNonceUsed(client: PublicClient, { from, nonce }: TransactionContent): Promise<boolean> {
  return (await client.getTransactionCount({ address: from })) > nonce;
}

/** Undefined where it was this transaction itself, whose receipt is on its way. */
async function whatTookItsNonce(
  client: PublicClient,
  content: TransactionContent,
  hash: Hex,
): Promise<Ending | undefined> {
  const taker = await transactionAtNonce(client, content).catch((error: unknown) => {
    // Not forgotten, only not asked.
    if (isUnanswered(error)) throw error;
    return undefined;
  });
  if (taker === undefined) {
    const late = await receiptOf(client, hash);
    return late === undefined ? { kind: "lost" } : { kind: "mined", receipt: late };
  }
  if (taker.hash === hash) return undefined;
  const { to, input, value } = taker;
  if (to === content.to && input === content.input && String(value) === content.value) {
    const receipt = await receiptOf(client, taker.hash);
    return receipt === undefined ? undefined : { kind: "repriced", receipt };
  }
  const empty = to !== null && isAddressEqual(to, content.from) && value === 0n;
  return { kind: empty ? "cancelled" : "replaced", hash: taker.hash };
}

/** Finds the block in which the sender's nonce was used by bisection, then the transaction in it. */
export async function transactionAtNonce(
  client: PublicClient,
  { from, nonce, seenAt }: Pick<TransactionContent, "from" | "nonce" | "seenAt">,
) {
  let free = BigInt(seenAt);
  let used = await client.getBlockNumber({ cacheTime: 0 });
  while (used - free > 1n) {
    const middle = (free + used) / 2n;
    const count = await client.getTransactionCount({ address: from, blockNumber: middle });
    if (count > nonce) used = middle;
    else free = middle;
  }
  const { transactions } = await client.getBlock({ blockNumber: used, includeTransactions: true });
  return transactions.find((each) => each.nonce === nonce && isAddressEqual(each.from, from));
}

/** Whether the endpoint was down, late or busy, which says nothing of the transaction. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const failure = error.walk((cause) => cause instanceof TimeoutError || cause instanceof HttpRequestError);
  if (!(failure instanceof HttpRequestError)) return failure !== null;
  const { status = 503 } = failure;
  return status === 429 || status >= 500;
}
