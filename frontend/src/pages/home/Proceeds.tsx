import type { ReactElement } from "react";
import type { Hex } from "viem";
import { useFederation, useFederationState } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { amount } from "#ui/format.ts";
import { Card } from "#ui/parts.tsx";
import { tokensOf } from "./tokensOf.ts";

/** What slashing has credited to the account, by token; nothing at all where there is none. */
export function Proceeds({ account }: { readonly account: Hex }): ReactElement {
  const { federation } = useFederationState();
  const { store } = useFederation();
  return (
    <>
      {tokensOf(federation, store.network, ["stakeToken"]).map((token) => (
        <ProceedsOf key={token} account={account} token={token} />
      ))}
    </>
  );
}

function ProceedsOf({ account, token }: { readonly account: Hex; readonly token: Hex }): ReactElement {
  const facts = useToken(token);
  const proceeds = useView<bigint>({
    contract: "StakeVault",
    functionName: "proceedsOf",
    args: [account, token],
  });
  const credit = proceeds.data ?? 0n;
  if (credit === 0n) return <></>;
  return (
    <Card title="From slashing" note="An arbiter took stake, and your account is who receives it.">
      <ActionButton
        look="primary"
        call={{
          key: `proceeds:${token}`,
          label: `Claim ${amount(credit, facts)} from slashing`,
          contract: "StakeVault",
          functionName: "claimProceeds",
          args: [token],
        }}
      />
    </Card>
  );
}
