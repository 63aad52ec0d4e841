import { useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Hex } from "viem";
import { zeroAddress } from "viem";
import { TOKEN_ABI } from "../transactions/contractAbi.ts";
import { plainText } from "../ui/plainText.ts";
import { useFederation } from "./useFederation.ts";

export interface Token {
  readonly address: Hex;
  readonly symbol: string;
  readonly decimals: number;
}

/** What a token is called and how it counts; undefined while unknown, or for no token. */
export function useToken(address: Hex): Token | undefined {
  return useTokenQuery(address).data;
}

/** As {@link useToken}, with the reason where no token answers at the address. */
export function useTokenQuery(address: Hex): UseQueryResult<Token> {
  const { store } = useFederation();
  return useQuery({
    queryKey: ["token", store.network.chainId, address],
    staleTime: Infinity,
    enabled: address !== zeroAddress,
    queryFn: async () => {
      const contract = { address, abi: TOKEN_ABI } as const;
      const [symbol, decimals] = await Promise.all([
        store.client.readContract({ ...contract, functionName: "symbol" }),
        store.client.readContract({ ...contract, functionName: "decimals" }),
      ]);
      return { address, symbol: plainText(symbol, 12) || "?", decimals };
    },
  });
}
