import { useSyncExternalStore } from "react";
import type { ReactElement } from "react";
import { Copy } from "../ui/Account.tsx";
import { Button } from "../ui/parts.tsx";
import type { Pairing } from "./pairing.ts";

/** How a wallet on another device is let in: a code for its camera, the same as a link, and on a phone the way to its app. */
export function PairWallet({ pairing }: { readonly pairing: Pairing }): ReactElement {
  const invitation = useSyncExternalStore(pairing.subscribe, () => pairing.invitation);
  if (invitation === undefined) {
    return (
      <>
        <p role="status">Asking the relay for a code…</p>
        <Button onClick={pairing.giveUp}>Cancel</Button>
      </>
    );
  }
  const { uri, code } = invitation;
  return (
    <>
      <a className="button button-primary on-touch" href={uri}>
        Open the wallet’s app
      </a>
      <p role="status">
        Scan this code with your wallet’s app, or paste the link there; then accept. It holds for five
        minutes.
      </p>
      <svg
        className="pairing-code"
        role="img"
        aria-label="Code for your wallet’s camera"
        viewBox={`0 0 ${code.size} ${code.size}`}
        shapeRendering="crispEdges"
      >
        <path d={code.path} />
      </svg>
      <p className="pairing-link">
        <code>{uri}</code>
        <Copy text={uri} what="link" />
      </p>
      <Button onClick={pairing.giveUp}>Cancel</Button>
    </>
  );
}
