import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { WhenRead } from "../app/WhenRead.tsx";
import { useTitle } from "../app/useTitle.ts";
import { Empty, PageHead } from "../ui/parts.tsx";
import { useWallet } from "../wallet/useWallet.ts";
import { MyWork } from "./home/MyWork.tsx";

/** What awaits the connected account. */
export function WorkPage(): ReactElement {
  const { account } = useWallet();
  useTitle("My work");
  if (account !== undefined) {
    return (
      <WhenRead>
        <MyWork account={account} />
      </WhenRead>
    );
  }
  return (
    <div className="stack">
      <PageHead title="My work" lead="What awaits your node, what it could lose, and what it has earned." />
      <Empty>
        <p>
          Connect the wallet of a node’s operator or of a publisher to see it. Reading the other pages needs
          none.
        </p>
        <Link to="/">What this is, and where to begin</Link>
      </Empty>
    </div>
  );
}
