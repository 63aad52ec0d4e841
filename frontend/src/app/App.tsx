import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Suspense, use, useEffect, useMemo, useState } from "react";
import type { ReactElement } from "react";
import { WagmiProvider } from "wagmi";
import { FederationStore } from "../chain/federationStore.ts";
import { Federation } from "../chain/useFederation.ts";
import type { DappConfig } from "../config/dappConfig.ts";
import { TransactionLog } from "../transactions/transactionLog.ts";
import { Transactions } from "../transactions/useSend.ts";
import { wagmiConfig } from "../wallet/wagmiConfig.ts";
import { Failed } from "./Failed.tsx";
import { createAppRouter } from "./router.tsx";

const NETWORK_KEY = "concordat.network";

/** The page: its configuration, then everything that stands on it. */
export function App({ config }: { readonly config: Promise<DappConfig> }): ReactElement {
  const settled = useMemo(
    () =>
      config.then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      ),
    [config],
  );
  return (
    <Suspense fallback={<p className="page">Loading…</p>}>
      <Configured config={settled} />
    </Suspense>
  );
}

type Outcome = { readonly value: DappConfig } | { readonly error: unknown };

function Configured({ config }: { readonly config: Promise<Outcome> }): ReactElement {
  const outcome = use(config);
  if ("error" in outcome) {
    return (
      <main className="page stack">
        <h1>Concordat</h1>
        <Failed error={outcome.error} retry={() => location.reload()} />
      </main>
    );
  }
  return <Providers config={outcome.value} />;
}

function Providers({ config }: { readonly config: DappConfig }): ReactElement {
  const [chainId, setChainId] = useState(() => Number(localStorage.getItem(NETWORK_KEY)));
  const network = config.networks.find((each) => each.chainId === chainId) ?? config.networks[0];
  const store = useMemo(() => new FederationStore(network), [network]);
  const transactions = useMemo(
    () => new TransactionLog(store.client, network.chainId, () => void store.advance()),
    [store, network],
  );
  const wagmi = useMemo(() => wagmiConfig(config), [config]);
  const queries = useMemo(() => new QueryClient({ defaultOptions: { queries: { retry: 1 } } }), []);
  const router = useMemo(() => createAppRouter(), []);
  useEffect(() => {
    store.start();
    return () => store.stop();
  }, [store]);
  const context = useMemo(
    () => ({
      config,
      store,
      selectNetwork: (id: number) => {
        localStorage.setItem(NETWORK_KEY, String(id));
        setChainId(id);
      },
    }),
    [config, store],
  );
  return (
    <WagmiProvider config={wagmi}>
      <QueryClientProvider client={queries}>
        <Federation value={context}>
          <Transactions value={transactions}>
            <RouterProvider router={router} />
          </Transactions>
        </Federation>
      </QueryClientProvider>
    </WagmiProvider>
  );
}
