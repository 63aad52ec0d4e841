import { SwitchChainError, getAddress } from "viem";
import type { Address } from "viem";
import { ChainNotConfiguredError, createConnector } from "wagmi";
import type { Connector, CreateConnectorFn } from "wagmi";
import { ConcordatError } from "@concordat/protocol/errors";
import type { WalletConnectConfig } from "../config/dappConfig.ts";
import type { RemoteWallet } from "../walletConnect/remoteWallet.ts";
import { Pairing } from "./pairing.ts";

interface Provider {
  request(request: { readonly method: string; readonly params?: unknown }): Promise<unknown>;
}

type Properties = { readonly pairing: Pairing };
/** Chain of the session that the browser keeps; without a session there is none, and nothing is loaded. */
type Stored = { "walletConnect.chainId": number };

const STORED = "walletConnect.chainId";
const TYPE = "walletConnect";

/** The pairing of the connector for wallets on other devices; undefined for any other connector. */
export function pairingOf(connector: Connector): Pairing | undefined {
  return connector.type === TYPE ? (connector as unknown as Properties).pairing : undefined;
}

/** Wallets on other devices. Until one is chosen, or was before a reload, nothing of WalletConnect is loaded. */
export function walletConnect(access: WalletConnectConfig): CreateConnectorFn<Provider, Properties, Stored> {
  return createConnector<Provider, Properties, Stored>((config) => {
    const [firstChain] = config.chains;
    const pairing = new Pairing();
    let opened: Promise<RemoteWallet> | undefined;

    const forget = (): void => {
      void config.storage?.removeItem(STORED);
    };
    const open = async (): Promise<RemoteWallet> => {
      const { RemoteWallet: Wallet } = await import("../walletConnect/remoteWallet.ts").catch(
        (cause: unknown) => {
          throw new ConcordatError("What connects wallets on other devices could not be loaded", { cause });
        },
      );
      const chainId = (await config.storage?.getItem(STORED)) ?? firstChain.id;
      return Wallet.open(access, chainId, {
        onAccounts: (accounts) => onAccounts(accounts),
        onChain: (id) => config.emitter.emit("change", { chainId: id }),
        onEnd,
      });
    };
    const wallet = (): Promise<RemoteWallet> => {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    };
    const onEnd = (): void => {
      forget();
      config.emitter.emit("disconnect");
    };
    const onAccounts = (accounts: readonly Address[]): void => {
      if (accounts.length === 0) onEnd();
      else config.emitter.emit("change", { accounts });
    };

    const provider: Provider = {
      request: async ({ method, params }) => {
        const remote = await wallet();
        switch (method) {
          case "eth_accounts":
          case "eth_requestAccounts":
            return remote.accounts;
          case "eth_chainId":
            return `0x${remote.chainId.toString(16)}`;
          default:
            return remote.request(method, params);
        }
      },
    };

    const pair = async (chainId: number): Promise<RemoteWallet> => {
      const signal = pairing.begin();
      try {
        const remote = await wallet();
        signal.throwIfAborted();
        if (remote.isConnected) await remote.disconnect();
        const others = config.chains.map(({ id }) => id).filter((id) => id !== chainId);
        await remote.pair([chainId, ...others], {
          onUri: (uri, code) => pairing.show({ uri, code }),
          signal,
        });
        return remote;
      } finally {
        pairing.show(undefined);
      }
    };

    return {
      id: TYPE,
      name: "WalletConnect",
      type: TYPE,
      pairing,
      // A session is all tabs' own, and only the one that ends it hears of its end.
      setup: () => {
        globalThis.addEventListener("storage", ({ key, newValue }) => {
          if (key === `${config.storage?.key}.${STORED}` && newValue === null)
            config.emitter.emit("disconnect");
        });
        return Promise.resolve();
      },
      async connect({ chainId = firstChain.id, isReconnecting = false, withCapabilities = false } = {}) {
        const remote = isReconnecting ? await wallet() : await pair(chainId);
        if (!remote.isConnected) {
          forget();
          throw new ConcordatError("The connection to your wallet has ended", { hint: "Connect it again" });
        }
        await config.storage?.setItem(STORED, remote.chainId);
        const { accounts } = remote;
        return {
          accounts: (withCapabilities
            ? accounts.map((address) => ({ address, capabilities: {} }))
            : accounts) as never,
          chainId: remote.chainId,
        };
      },
      async disconnect() {
        forget();
        await (await wallet()).disconnect();
      },
      getAccounts: async () => (await wallet()).accounts,
      getChainId: async () => (await wallet()).chainId,
      getProvider: () => Promise.resolve(provider),
      isAuthorized: async () => ((await config.storage?.getItem(STORED)) ?? null) !== null,
      async switchChain({ chainId }) {
        const chain = config.chains.find(({ id }) => id === chainId);
        if (chain === undefined) throw new SwitchChainError(new ChainNotConfiguredError());
        const remote = await wallet();
        await remote.switchTo(chain);
        await config.storage?.setItem(STORED, chainId);
        config.emitter.emit("change", { chainId, accounts: remote.accounts });
        return chain;
      },
      onAccountsChanged: (accounts) => onAccounts(accounts.map((account) => getAddress(account))),
      onChainChanged: (chainId) => config.emitter.emit("change", { chainId: Number(chainId) }),
      onDisconnect: onEnd,
    };
  });
}
