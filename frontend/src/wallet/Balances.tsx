import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { zeroAddress } from "viem";
import { useFederation, useFederationState } from "../chain/useFederation.ts";
import { useToken } from "../chain/useToken.ts";
import { useView } from "../chain/useView.ts";
import { amount } from "../ui/format.ts";
import { Facts } from "../ui/parts.tsx";

/** What an account owns of the network's currency, which pays fees, and of its own token. */
export function Balances({ account }: { readonly account: Hex }): ReactElement {
  const { store } = useFederation();
  const { version } = useFederationState();
  const address = store.network.addressBook.tokens?.DevelopmentToken;
  const token = useToken(address ?? zeroAddress);
  const { currency, chainId } = store.network;
  const owned = useQuery({
    queryKey: ["balance", chainId, account, version],
    placeholderData: (previous) => previous,
    queryFn: () => store.client.getBalance({ address: account }),
  });
  const tokens = useView<bigint>({
    contract: "Token",
    address,
    functionName: "balanceOf",
    args: [account],
    enabled: address !== undefined,
  });
  return (
    <Facts
      facts={[
        ["For fees", owned.data === undefined ? "…" : amount(owned.data, { symbol: currency, decimals: 18 })],
        ...(token === undefined
          ? []
          : [["Tokens", tokens.data === undefined ? "…" : amount(tokens.data, token)] as const]),
      ]}
    />
  );
}
