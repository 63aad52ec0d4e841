import type { ReactElement } from "react";
import { useFederation } from "../chain/useFederation.ts";
import { Notice } from "../ui/parts.tsx";
import { SafeElsewhere } from "./SafeElsewhere.tsx";
import { useWallet } from "./useWallet.ts";

/** Why every button of a page is off; nothing where the wallet is on the page's network, or there is none. */
export function WrongNetwork(): ReactElement {
  const { wrongNetwork, isSafe } = useWallet();
  const { store } = useFederation();
  if (!wrongNetwork) return <></>;
  if (isSafe) return <SafeElsewhere />;
  return (
    <Notice tone="wait">
      <p>
        Your wallet is on another network. To change anything here, switch it to {store.network.name} (button
        above).
      </p>
    </Notice>
  );
}
