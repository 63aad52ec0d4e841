import type { Hex } from "viem";
import { zeroAddress } from "viem";
import type { NetworkConfig } from "#config/dappConfig.ts";
import type { FederationState } from "@concordat/protocol/history/federationState";

/** Tokens that the tasks of a federation, and its development, use in the given ways. */
export function tokensOf(
  { tasks }: FederationState,
  { addressBook }: NetworkConfig,
  ways: readonly ("rewardToken" | "stakeToken")[],
): readonly Hex[] {
  const tokens = new Set<Hex>();
  const development = addressBook.tokens?.DevelopmentToken;
  if (development !== undefined) tokens.add(development);
  for (const { terms } of tasks.values()) {
    for (const way of ways) tokens.add(terms[way] as Hex);
  }
  tokens.delete(zeroAddress);
  return [...tokens];
}
