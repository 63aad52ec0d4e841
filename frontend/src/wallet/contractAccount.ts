import { useQuery } from "@tanstack/react-query";
import type { Hex, PublicClient } from "viem";
import { useFederation } from "../chain/useFederation.ts";

/** Code of an account that delegates (EIP-7702) begins so; it still has its own key, and signs like any other. */
const DELEGATION_PREFIX = "0xef0100";

/** Whether an account is a contract, so that no key signs for it: it can approve, but sign no permit. */
export async function isContractAccount(client: PublicClient, account: Hex): Promise<boolean> {
  const code = await client.getCode({ address: account });
  return code !== undefined && !code.startsWith(DELEGATION_PREFIX);
}

/** Whether the account is a contract; false while that is not known. */
export function useContractAccount(account: Hex | undefined): boolean {
  const { store } = useFederation();
  const query = useQuery({
    queryKey: ["contract account", store.network.chainId, account],
    enabled: account !== undefined,
    staleTime: Infinity,
    queryFn: () => isContractAccount(store.client, account ?? "0x"),
  });
  return query.data ?? false;
}
