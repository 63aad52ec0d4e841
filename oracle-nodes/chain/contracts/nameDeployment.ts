import { toQuantity } from "ethers";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import type { ChainProvider } from "../endpoints/chainProvider.ts";

/**
 * A name for a deployment that differs when a chain with the same id and addresses was started anew. What a node has signed
 * and spent lies in a folder of this name, so an endpoint that does not have the block (yet) must not give another one.
 * @throws {EndpointError} when no endpoint gives the block of the deployment.
 */
export async function nameDeployment(
  provider: Pick<ChainProvider, "ask">,
  { chainId, contracts, deploymentBlock }: AddressBook,
): Promise<string> {
  const block = await provider.ask("eth_getBlockByNumber", [toQuantity(deploymentBlock), false], {
    lacks: (found) => (hashOf(found) === undefined ? `block ${deploymentBlock}` : undefined),
  });
  return `${chainId}-${contracts.RoundCoordinator.slice(2, 10)}-${hashOf(block)?.slice(2, 10)}`;
}

function hashOf(block: unknown): string | undefined {
  const isBlock = typeof block === "object" && block !== null && "hash" in block;
  return isBlock && typeof block.hash === "string" ? block.hash : undefined;
}
