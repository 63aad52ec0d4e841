import { toQuantity } from "ethers";
import type { ChainProvider } from "./chainProvider.ts";
import { isEndpointFault } from "./endpointError.ts";

/** What the chain's blocks say of a nonce. */
export type NonceUse =
  | { readonly kind: "free" }
  | { readonly kind: "taken"; readonly hash: string; readonly blockNumber: number }
  /** The endpoint cannot say: it is behind, has forgotten the state, or does not answer. */
  | { readonly kind: "unclear" };

/** Milliseconds for one question. */
const PATIENCE_MS = 5000;
/** Blocks that are looked back at most. */
const LONGEST_SEARCH = 100_000;

/** Blocks that are read as a whole where the account's counts cannot be right. */
const SCANNED = 64;

interface WholeBlock {
  readonly transactions: readonly { readonly hash: string; readonly from: string; readonly nonce: string }[];
}

/**
 * Which transaction of an account used a nonce, found in the block in which the account's count passed it: a proof, unlike a
 * missing receipt, which may be a backend's that is behind.
 * @param head Number of the newest block.
 * @param isRefused Whether a pool says that the nonce was used: where the counts deny it, the last blocks are read themselves.
 */
export async function whoTookNonce(
  provider: ChainProvider,
  {
    account,
    nonce,
    head,
    isRefused = false,
  }: {
    readonly account: string;
    readonly nonce: number;
    readonly head: number;
    readonly isRefused?: boolean;
  },
  signal: AbortSignal,
): Promise<NonceUse> {
  const ask = async (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    provider.ask(method, params, {
      signal,
      patienceMs: PATIENCE_MS,
      lacks: (found) => (found === null ? "a block" : undefined),
    });
  const countAt = async (block: number): Promise<number> =>
    Number(await ask("eth_getTransactionCount", account, toQuantity(block)));
  const takenIn = async (number: number): Promise<NonceUse | undefined> => {
    const { transactions } = (await ask("eth_getBlockByNumber", toQuantity(number), true)) as WholeBlock;
    const found = transactions.find(
      (sent) => sent.from.toLowerCase() === account.toLowerCase() && Number(sent.nonce) === nonce,
    );
    return found && { kind: "taken", hash: found.hash.toLowerCase(), blockNumber: number };
  };
  try {
    if ((await countAt(head)) > nonce) {
      const block = await firstBlockWith(async (number) => (await countAt(number)) > nonce, head);
      return (block === undefined ? undefined : await takenIn(block)) ?? { kind: "unclear" };
    }
    const last = isRefused ? Math.max(0, head - SCANNED) : head;
    for (let number = head; number > last; number--) {
      const found = await takenIn(number);
      if (found !== undefined) return found;
    }
    return { kind: "free" };
  } catch (error) {
    if (isEndpointFault(error)) return { kind: "unclear" };
    throw error;
  }
}

/** The first block for which something holds that goes on holding, and that holds for `head`; undefined where it is too far back. */
async function firstBlockWith(
  holds: (block: number) => Promise<boolean>,
  head: number,
): Promise<number | undefined> {
  let yes = head;
  let no = head;
  for (let step = 1; ; step *= 2) {
    no = Math.max(0, head - step);
    if (no === 0 || !(await holds(no))) break;
    yes = no;
    if (step > LONGEST_SEARCH) return undefined;
  }
  while (yes - no > 1) {
    const middle = Math.floor((yes + no) / 2);
    if (await holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}
