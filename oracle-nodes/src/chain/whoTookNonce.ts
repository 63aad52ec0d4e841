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

/**
 * Which transaction of an account used a nonce, found in the block in which the account's count passed it: a proof, unlike a
 * missing receipt, which may be a backend's that is behind.
 * @param head Number of the newest block.
 */
export async function whoTookNonce(
  provider: ChainProvider,
  account: string,
  nonce: number,
  head: number,
  signal: AbortSignal,
): Promise<NonceUse> {
  const ask = async (method: string, ...params: readonly unknown[]): Promise<unknown> =>
    provider.ask(method, params, {
      signal,
      patienceMs: PATIENCE_MS,
      lacks: (found) => (found === null ? "a block" : undefined),
    });
  const isUsedAt = async (block: number): Promise<boolean> =>
    Number(await ask("eth_getTransactionCount", account, toQuantity(block))) > nonce;
  try {
    if (!(await isUsedAt(head))) return { kind: "free" };
    let used = head;
    let unused = head;
    for (let step = 1; ; step *= 2) {
      unused = Math.max(0, head - step);
      if (unused === 0 || !(await isUsedAt(unused))) break;
      used = unused;
      if (step > LONGEST_SEARCH) return { kind: "unclear" };
    }
    while (used - unused > 1) {
      const middle = Math.floor((used + unused) / 2);
      if (await isUsedAt(middle)) used = middle;
      else unused = middle;
    }
    const block = (await ask("eth_getBlockByNumber", toQuantity(used), true)) as {
      readonly transactions: readonly {
        readonly hash: string;
        readonly from: string;
        readonly nonce: string;
      }[];
    };
    const found = block.transactions.find(
      (sent) => sent.from.toLowerCase() === account.toLowerCase() && Number(sent.nonce) === nonce,
    );
    return found === undefined
      ? { kind: "unclear" }
      : { kind: "taken", hash: found.hash.toLowerCase(), blockNumber: used };
  } catch (error) {
    if (isEndpointFault(error)) return { kind: "unclear" };
    throw error;
  }
}
