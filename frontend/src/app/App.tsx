import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Suspense, use, useEffect, useMemo, useState } from "react";
import type { ReactElement } from "react";
import { WagmiProvider } from "wagmi";
import { FederationStore } from "../chain/federationStore.ts";
import { Federation } from "../chain/useFederation.ts";
import { TransactionLog } from "../transactions/transactionLog.ts";
import { Transactions } from "../transactions/useSend.ts";
import { askSafe } from "../wallet/askSafe.ts";
import { Failed } from "./Failed.tsx";
import { ifStored } from "./ifStored.ts";
import type { Opened, Visit } from "./openVisit.ts";

const NETWORK_KEY = "concordat.network";

/** The page: its configuration, then everything that stands on it. */
export function App({ opened }: { readonly opened: Promise<Opened> }): ReactElement {
  return (
    <Suspense>
      <Configured opened={opened} />
    </Suspense>
  );
}

function Configured({ opened }: { readonly opened: Promise<Opened> }): ReactElement {
  const outcome = use(opened);
  if ("error" in outcome) {
    return (
      <main className="page stack">
        <h1>Concordat</h1>
        <Failed error={outcome.error} retry={() => location.reload()} />
      </main>
    );
  }
  return <Providers visit={outcome.visit} />;
}

function Providers({ visit }: { readonly visit: Visit }): ReactElement {
  const { config, wagmi, queries, router } = visit;
  const [chainId, setChainId] = useState(() => ifStored(() => Number(localStorage.getItem(NETWORK_KEY)), 0));
  const network = config.networks.find((each) => each.chainId === chainId) ?? config.networks[0];
  const store = useMemo(() => new FederationStore(network), [network]);
  const transactions = useMemo(
    () =>
      new TransactionLog(
        store.client,
        network.chainId,
        () => void store.advance(),
        (proposal) => askSafe(wagmi, network.chainId, proposal),
      ),
    [store, network, wagmi],
  );
  useEffect(() => {
    store.start();
    return () => store.stop();
  }, [store]);
  useEffect(() => transactions.resume(), [transactions]);
  const context = useMemo(
    () => ({
      config,
      store,
      selectNetwork: (id: number) => {
        ifStored(() => localStorage.setItem(NETWORK_KEY, String(id)), undefined);
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
