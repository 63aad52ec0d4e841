import { createClient, http } from "viem";
import { createConfig } from "wagmi";
import { reconnect, watchConnectors } from "wagmi/actions";
import type { Config, Connector } from "wagmi";
import { ifStored } from "../app/ifStored.ts";
import { viemChain } from "../chain/viemChain.ts";
import type { DappConfig } from "../config/dappConfig.ts";
import { safeConnector } from "./safeConnector.ts";
import { walletConnect } from "./walletConnect.ts";

/**
 * wagmi for the configured networks: wallets announce themselves (EIP-6963), are reached as the configuration says, or are the
 * Safe of `safeOrigin`, which frames the page; nobody else is asked.
 */
export function wagmiConfig(
  { networks, walletConnect: remote }: DappConfig,
  safeOrigin: string | undefined,
): Config {
  const [first, ...others] = networks.map(viemChain);
  if (first === undefined) throw new Error("No network is configured");
  const config = createConfig({
    chains: [first, ...others],
    multiInjectedProviderDiscovery: true,
    connectors: [
      ...(safeOrigin === undefined ? [] : [safeConnector(safeOrigin)]),
      ...(remote === undefined ? [] : [walletConnect(remote)]),
    ],
    // wagmi's own storage asks for the browser's without a guard.
    ...(ifStored(() => localStorage, null) === null && { storage: null }),
    client: ({ chain }) => createClient({ chain, transport: http(chain.rpcUrls.default.http[0]) }),
  });
  reconnectLateWallet(config);
  return config;
}

/**
 * wagmi reconnects the wallets that are there when the page begins; one that announces itself later is reconnected here,
 * once wagmi is through with the others: it does one reconnection at a time, and leaves out any that is asked for meanwhile.
 */
function reconnectLateWallet(config: Config): void {
  watchConnectors(config, {
    onChange: (connectors, previous) => {
      void reconnectRecent(
        config,
        connectors.filter((connector) => !previous.includes(connector)),
      );
    },
  });
}

async function reconnectRecent(config: Config, late: readonly Connector[]): Promise<void> {
  const recent = await config.storage?.getItem("recentConnectorId");
  const connector = late.find(({ id }) => id === recent);
  if (connector === undefined) return;
  await connectionSettled(config);
  if (config.state.current === null) await reconnect(config, { connectors: [connector] });
}

/** Resolves once no wallet is being connected or reconnected. */
async function connectionSettled(config: Config): Promise<void> {
  if (isSettled(config.state)) return;
  await new Promise<void>((resolve) => {
    const stop = config.subscribe(isSettled, (settled) => {
      if (!settled) return;
      stop();
      resolve();
    });
  });
}

function isSettled({ status }: Config["state"]): boolean {
  return status === "connected" || status === "disconnected";
}
