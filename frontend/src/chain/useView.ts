import { hashKey, useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Hex } from "viem";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { callAbi } from "../transactions/contractAbi.ts";
import { useFederation, useFederationState } from "./useFederation.ts";

/** A view of a contract, or of a token at `address`. */
export interface ViewCall {
  readonly contract: ContractName | "Token";
  readonly address?: Hex | undefined;
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly enabled?: boolean;
}

/** What a view answers, asked again whenever the page has read new events. `T` is what the ABI says it gives. */
export function useView<T>({
  contract,
  address,
  functionName,
  args,
  enabled = true,
}: ViewCall): UseQueryResult<T> {
  const { store } = useFederation();
  const { version } = useFederationState();
  const target = contract === "Token" ? address : store.contracts[contract];
  const question = ["view", store.network.chainId, target, functionName, args.map(String)];
  return useQuery({
    queryKey: [...question, version],
    enabled: enabled && target !== undefined,
    // Only of the same question: another account's answer is not this one's.
    placeholderData: (previous, query) =>
      query !== undefined && hashKey(query.queryKey.slice(0, -1)) === hashKey(question)
        ? previous
        : undefined,
    queryFn: async () =>
      (await store.client.readContract({
        address: target ?? "0x",
        abi: callAbi(contract),
        functionName,
        args,
      })) as T,
  });
}
