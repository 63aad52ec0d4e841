import type { Hex } from "viem";
import { pause } from "./pause.ts";

/** Where a transaction stands that was proposed to a Safe. */
export type ProposalState =
  /** For its other owners, or for somebody to execute it. */
  | { readonly kind: "waiting" }
  /** By a transaction of this hash. Whether its call succeeded, the receipt says. */
  | { readonly kind: "executed"; readonly hash: Hex }
  /** The Safe has executed something else in its place. */
  | { readonly kind: "rejected" };

export interface ProposalFollowing {
  /** Asks the Safe; may reject where it does not answer. */
  readonly ask: (proposal: Hex) => Promise<ProposalState>;
  /** The Safe's own hash of it, which is none of the chain. */
  readonly proposal: Hex;
  /** Ends the following, for example when the reader dismisses it. */
  readonly signal: AbortSignal;
  /** Milliseconds between questions. */
  readonly pollMs?: number;
}

/** The Safe's page asks a service each time, and owners take hours. */
const POLL_MS = 5_000;

/** Follows what was proposed to a Safe to its end, however long its owners take; undefined where it was ended first. */
export async function followProposal({
  ask,
  proposal,
  signal,
  pollMs = POLL_MS,
}: ProposalFollowing): Promise<Exclude<ProposalState, { kind: "waiting" }> | undefined> {
  while (!signal.aborted) {
    // A Safe that does not answer is asked again.
    const state = await ask(proposal).catch(() => undefined);
    if (state !== undefined && state.kind !== "waiting") return signal.aborted ? undefined : state;
    await pause(pollMs, signal);
  }
  return undefined;
}
