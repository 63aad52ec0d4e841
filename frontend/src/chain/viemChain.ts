import { defineChain } from "viem";
import type { Chain } from "viem";
import type { NetworkConfig } from "../config/dappConfig.ts";

/** A configured network as viem and wallets know chains. */
export function viemChain({ chainId, name, rpcUrls, currency, explorerUrl }: NetworkConfig): Chain {
  return defineChain({
    id: chainId,
    name,
    nativeCurrency: { name: currency, symbol: currency, decimals: 18 },
    rpcUrls: { default: { http: rpcUrls } },
    ...(explorerUrl !== undefined && { blockExplorers: { default: { name: "Explorer", url: explorerUrl } } }),
  });
}
