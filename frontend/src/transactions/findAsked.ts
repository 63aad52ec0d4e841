import type { Hex, PublicClient } from "viem";
import { isAddressEqual } from "viem";
import type { AskedTransaction } from "./askedStorage.ts";
import { transactionAtNonce } from "./followTransaction.ts";
import { pause } from "./pause.ts";

export interface Finding {
  readonly client: PublicClient;
  readonly asked: AskedTransaction;
  /** Ends the search, for example when the reader dismisses it. */
  readonly signal: AbortSignal;
}

/**
 * Looks on the chain for what a wallet was asked to send without an answer: each transaction of the account from that time on,
 * until one has the same receiver and content. Gives its hash; undefined where the search was ended first. An endpoint that
 * does not answer is asked again.
 */
export async function findAsked({ client, asked, signal }: Finding): Promise<Hex | undefined> {
  const { account: from, to, input } = asked;
  let { nonce, seenAt } = asked;
  while (!signal.aborted) {
    try {
      const used = await client.getTransactionCount({ address: from });
      while (nonce < used && !signal.aborted) {
        const taker = await transactionAtNonce(client, { from, nonce, seenAt });
        // Not told yet by this endpoint, though the nonce is used.
        if (taker === undefined) break;
        if (taker.to !== null && isAddressEqual(taker.to, to) && taker.input === input) return taker.hash;
        nonce++;
        seenAt = Math.max(seenAt, Number(taker.blockNumber) - 1);
      }
    } catch {
      // Nobody answered, or a lagging endpoint: asked again below.
    }
    await pause(client.pollingInterval, signal);
  }
  return undefined;
}
