import { toQuantity } from "ethers";
import type { AddressBook } from "../../../protocol/addressBook.ts";
import type { ChainProvider } from "./chainProvider.ts";

/** A name for a deployment that differs when a chain with the same id and addresses was started anew. */
export async function nameDeployment(
  provider: ChainProvider,
  { chainId, contracts, deploymentBlock }: AddressBook,
): Promise<string> {
  const block = (await provider.send("eth_getBlockByNumber", [toQuantity(deploymentBlock), false])) as {
    readonly hash?: string;
  } | null;
  return `${chainId}-${contracts.RoundCoordinator.slice(2, 10)}-${block?.hash?.slice(2, 10) ?? "unknown"}`;
}
