import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { formatEther } from "viem";
import { useFederation } from "../chain/useFederation.ts";
import { amount } from "../ui/format.ts";
import { useWallet } from "../wallet/useWallet.ts";
import { callAbi } from "./contractAbi.ts";
import type { ContractCall } from "./useSend.ts";

/** Milliseconds after which a fee is estimated again. */
const STALE_MS = 30_000;

/** What sending a call costs in the network's currency at the present price, and what the account owns of it. */
export function FeeNote({ call }: { readonly call: ContractCall }): ReactElement {
  const { store } = useFederation();
  const { account, wrongNetwork } = useWallet();
  const { contract, address, functionName, args, key } = call;
  const target = contract === "Token" ? address : store.contracts[contract];
  const fee = useQuery({
    queryKey: ["fee", store.network.chainId, account, key, functionName, args.map(String)],
    enabled: account !== undefined && target !== undefined && !wrongNetwork,
    staleTime: STALE_MS,
    refetchInterval: STALE_MS,
    // What the contract would refuse has no price; the button says why.
    retry: false,
    queryFn: async () => {
      const [gas, price, owned] = await Promise.all([
        store.client.estimateContractGas({
          address: target ?? "0x",
          abi: callAbi(contract),
          functionName,
          args,
          account: account ?? "0x",
        }),
        store.client.getGasPrice(),
        store.client.getBalance({ address: account ?? "0x" }),
      ]);
      return { cost: gas * price, owned };
    },
  });
  if (fee.data === undefined) return <></>;
  const { cost, owned } = fee.data;
  const { currency } = store.network;
  return (
    <p className={owned < cost ? "field-error" : "card-note"} title={`${formatEther(cost)} ${currency}`}>
      Network fee: about {amount(cost, { symbol: currency, decimals: 18 })}; your account owns{" "}
      {amount(owned, { symbol: currency, decimals: 18 })}
      {owned < cost && ", which is too little"}.
    </p>
  );
}
