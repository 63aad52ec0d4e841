import type { ReactElement } from "react";
import { useFederation } from "../chain/useFederation.ts";
import { Notice } from "../ui/parts.tsx";
import { useWallet } from "./useWallet.ts";

/** Says that the Safe stands on another chain than the page shows; no Safe can be switched to another. */
export function SafeElsewhere(): ReactElement {
  const { walletChainId } = useWallet();
  const { store, config } = useFederation();
  const { name, chainId } = store.network;
  const itsNetwork = config.networks.find((network) => network.chainId === walletChainId);
  return (
    <Notice tone="wait">
      <p>
        Your Safe is on {itsNetwork?.name ?? "another network"} (chain {walletChainId}); this page shows{" "}
        {name} (chain {chainId}). A Safe stays on its chain.
      </p>
      <p>
        To change anything here,{" "}
        {itsNetwork === undefined ? "" : `choose ${itsNetwork.name} at the foot of this page, or `}open this
        page from a Safe on {name}.
      </p>
    </Notice>
  );
}
