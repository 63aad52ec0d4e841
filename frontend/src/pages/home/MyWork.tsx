import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useFederationState } from "#chain/useFederation.ts";
import { Account } from "#ui/Account.tsx";
import { PageHead } from "#ui/parts.tsx";
import { useWallet } from "#wallet/useWallet.ts";
import { WrongNetwork } from "#wallet/WrongNetwork.tsx";
import { Allowances } from "./Allowances.tsx";
import { AtStake } from "./AtStake.tsx";
import { Awaiting } from "./Awaiting.tsx";
import { DevelopmentTokens } from "./DevelopmentTokens.tsx";
import { Earned } from "./Earned.tsx";
import { Published } from "./Published.tsx";
import { Proceeds } from "./Proceeds.tsx";
import { membershipsOf } from "./membership.ts";

/** What awaits the connected account, what it could lose, and what it has earned. */
export function MyWork({ account }: { readonly account: Hex }): ReactElement {
  const { federation } = useFederationState();
  const { ownNode, formerNodes } = useWallet();
  const nodes = ownNode === undefined ? formerNodes : [ownNode, ...formerNodes];
  const tasks = [...federation.tasks.values()];
  const memberships = membershipsOf(tasks, nodes);
  const published = tasks.filter(({ publisher }) => publisher.toLowerCase() === account.toLowerCase());
  return (
    <div className="stack">
      <PageHead title="My work" lead={<Account address={account} />} />
      <WrongNetwork />
      <Awaiting />
      {memberships.length > 0 && <Earned memberships={memberships} account={account} />}
      {nodes.length > 0 && <AtStake nodes={nodes} memberships={memberships} />}
      {published.length > 0 && <Published tasks={published} />}
      <Proceeds account={account} />
      <Allowances account={account} />
      <DevelopmentTokens account={account} />
    </div>
  );
}
