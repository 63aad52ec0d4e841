import type { ReactElement } from "react";
import type { Hex } from "viem";
import { zeroAddress } from "viem";
import { useFederation } from "#chain/useFederation.ts";
import { useToken } from "#chain/useToken.ts";
import { useView } from "#chain/useView.ts";
import { ActionButton } from "#transactions/ActionButton.tsx";
import { amount } from "#ui/format.ts";
import { Card } from "#ui/parts.tsx";

/** On a development chain the token can be minted by anyone. */
export function DevelopmentTokens({ account }: { readonly account: Hex }): ReactElement {
  const { store } = useFederation();
  const token = store.network.addressBook.tokens?.DevelopmentToken;
  const facts = useToken(token ?? zeroAddress);
  const balance = useView<bigint>({
    contract: "Token",
    address: token,
    functionName: "balanceOf",
    args: [account],
    enabled: token !== undefined,
  });
  if (token === undefined || facts === undefined) return <></>;
  const thousand = 1000n * 10n ** BigInt(facts.decimals);
  return (
    <Card title="Development token" note="This network’s token is worth nothing, and anyone may mint it.">
      <p>You own {balance.data === undefined ? "…" : amount(balance.data, facts)}.</p>
      <ActionButton
        call={{
          key: "mint",
          label: `Mint ${amount(thousand, facts)}`,
          contract: "Token",
          address: token,
          functionName: "mint",
          args: [account, thousand],
        }}
        onConfirmed={() => void balance.refetch()}
      />
    </Card>
  );
}
