import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { DappConfig } from "../config/dappConfig.ts";
import type { StoreState, FederationStore } from "./federationStore.ts";

/** What every page stands on. */
export interface FederationContext {
  readonly config: DappConfig;
  readonly store: FederationStore;
  /** Changes the network by its chain id. */
  readonly selectNetwork: (chainId: number) => void;
}

export const Federation = createContext<FederationContext | undefined>(undefined);

export function useFederation(): FederationContext {
  const context = useContext(Federation);
  if (context === undefined) throw new Error("No federation stands above this component");
  return context;
}

/** The state of the federation, rendered again with each change of it. */
export function useFederationState(): StoreState {
  const { store } = useFederation();
  return useSyncExternalStore(store.subscribe, () => store.state);
}

/** The chain's clock in whole unix seconds, rendered every second. */
export function useChainTime(): number {
  const { store } = useFederation();
  const [now, setNow] = useState(() => Math.floor(store.now()));
  useEffect(() => {
    const timer = setInterval(() => setNow(Math.floor(store.now())), 1000);
    return () => clearInterval(timer);
  }, [store]);
  return now;
}
