import type { ReactElement } from "react";
import { useFederation } from "../chain/useFederation.ts";
import { Notice } from "../ui/parts.tsx";
import { useWallet } from "./useWallet.ts";

/** Why every button of a page is off; nothing where the wallet is on the page's network, or there is none. */
export function WrongNetwork(): ReactElement {
  const { wrongNetwork } = useWallet();
  const { store } = useFederation();
  if (!wrongNetwork) return <></>;
  return (
    <Notice tone="wait">
      <p>
        Your wallet is on another network. To change anything here, switch it to {store.network.name} (button
        above).
      </p>
    </Notice>
  );
}
