import { toQuantity } from "ethers";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { isEndpointFault } from "../endpoints/endpointError.ts";

/** What the chain's blocks say of a nonce. */
export type NonceUse =
  | { readonly kind: "free" }
  | { readonly kind: "taken"; readonly hash: string; readonly blockNumber: number }
  /** The endpoint cannot say: it is behind, has forgotten the state, or does not answer. */
  | { readonly kind: "unclear" };

/** Milliseconds for one question, and for one about a state that may be forgotten. */
const PATIENCE_MS = 5000;
const OLD_PATIENCE_MS = 500;
/** Blocks that are looked back at most, by the account's counts and block by block. */
const LONGEST_SEARCH = 100_000;
const LONGEST_READING = 5000;
/** Blocks that are read as a whole where the account's counts cannot be right. */
const SCANNED = 64;
/** Whole blocks that are read at once. */
const AT_ONCE = 8;

export interface NonceQuestion {
  readonly account: string;
  readonly nonce: number;
  /** Number of the newest block. */
  readonly head: number;
  /** Whether a pool says that the nonce was used: where the counts deny it, the last blocks are read themselves. */
  readonly isRefused?: boolean;
  /** Unix seconds before which it cannot have been used. */
  readonly since?: number;
}

interface WholeBlock {
  readonly timestamp: string;
  readonly transactions: readonly { readonly hash: string; readonly from: string; readonly nonce: string }[];
}

/**
 * Which transaction of an account used a nonce, found in the block in which the account's count passed it: a proof, unlike a
 * missing receipt, which may be a backend's that is behind. Where endpoints have forgotten the states that would lead there, the
 * blocks before are read one by one.
 */
export async function whoTookNonce(
  provider: ChainProvider,
  { account, nonce, head, isRefused = false, since = 0 }: NonceQuestion,
  signal: AbortSignal,
): Promise<NonceUse> {
  const isUsed = async (block: number, patienceMs = PATIENCE_MS): Promise<boolean> =>
    Number(
      await provider.ask("eth_getTransactionCount", [account, toQuantity(block)], { signal, patienceMs }),
    ) > nonce;
  const readBlock = async (
    number: number,
  ): Promise<{ readonly timestamp: number; readonly use?: NonceUse }> => {
    const block = (await provider.ask("eth_getBlockByNumber", [toQuantity(number), true], {
      signal,
      patienceMs: PATIENCE_MS,
      lacks: (answer) => (answer === null ? "a block" : undefined),
    })) as WholeBlock;
    const found = block.transactions.find(
      (sent) => sent.from.toLowerCase() === account.toLowerCase() && Number(sent.nonce) === nonce,
    );
    const timestamp = Number(block.timestamp);
    if (found === undefined) return { timestamp };
    return { timestamp, use: { kind: "taken", hash: found.hash.toLowerCase(), blockNumber: number } };
  };
  /** Reads blocks downwards, from `first` on, `most` of them. */
  const readDown = async (first: number, most: number): Promise<NonceUse | undefined> => {
    const last = Math.max(0, first - most + 1);
    for (let top = first; top >= last; top -= AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, top - last + 1) }, (_, i) => top - i);
      const blocks = await Promise.all(numbers.map(readBlock));
      const use = blocks.find((block) => block.use !== undefined)?.use;
      if (use !== undefined) return use;
      if (blocks.some(({ timestamp }) => timestamp < since)) return undefined;
    }
    return undefined;
  };
  try {
    if (!(await isUsed(head)))
      return (isRefused ? await readDown(head, SCANNED) : undefined) ?? { kind: "free" };
    const { block, isFirst } = await firstBlockWith(async (at) => isUsed(at, OLD_PATIENCE_MS), head);
    return (await readDown(block, isFirst ? 1 : LONGEST_READING)) ?? { kind: "unclear" };
  } catch (error) {
    if (isEndpointFault(error)) return { kind: "unclear" };
    throw error;
  }
}

/**
 * A block for which something holds that goes on holding, and that holds for `head`: the first one, or the lowest of which the
 * endpoint still knows it.
 */
async function firstBlockWith(
  holds: (block: number) => Promise<boolean>,
  head: number,
): Promise<{ readonly block: number; readonly isFirst: boolean }> {
  /** Undefined where the state is forgotten. */
  const isHeld = async (block: number): Promise<boolean | undefined> =>
    holds(block).catch((error: unknown) => {
      if (isEndpointFault(error, "pruned", "behind")) return undefined;
      throw error;
    });
  let yes = head;
  let no = head;
  let isKnown = true;
  for (let step = 1; ; step *= 2) {
    no = Math.max(0, head - step);
    const held = no === 0 ? false : await isHeld(no);
    isKnown = held !== undefined;
    if (held !== true) break;
    yes = no;
    if (step > LONGEST_SEARCH) return { block: yes, isFirst: false };
  }
  while (yes - no > 1) {
    const middle = Math.floor((yes + no) / 2);
    const held = await isHeld(middle);
    if (held === true) yes = middle;
    else {
      no = middle;
      isKnown = held !== undefined;
    }
  }
  return { block: yes, isFirst: isKnown };
}
