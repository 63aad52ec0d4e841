import { createClient, http } from "viem";
import { createConfig } from "wagmi";
import type { Config } from "wagmi";
import { viemChain } from "../chain/viemChain.ts";
import type { DappConfig } from "../config/dappConfig.ts";

/** wagmi for the configured networks: wallets announce themselves (EIP-6963); nobody else is asked. */
export function wagmiConfig({ networks }: DappConfig): Config {
  const [first, ...others] = networks.map(viemChain);
  if (first === undefined) throw new Error("No network is configured");
  return createConfig({
    chains: [first, ...others],
    multiInjectedProviderDiscovery: true,
    client: ({ chain }) => createClient({ chain, transport: http(chain.rpcUrls.default.http[0]) }),
  });
}
