import type { Hex } from "viem";
import type { Token } from "../chain/useToken.ts";
import { amount } from "../ui/format.ts";
import type { ContractCall } from "./useSend.ts";

/** What a member has earned in a task and not claimed yet, in the token's smallest unit. */
interface Claim {
  readonly taskId: number;
  readonly memberId: number;
  readonly account: Hex;
  readonly claimable: bigint;
  readonly token: Token | undefined;
}

/** Has it paid to the account. */
export function claimCall({ taskId, memberId, account, claimable, token }: Claim): ContractCall {
  return {
    key: `claim:${taskId}:${memberId}`,
    label: `Claim ${amount(claimable, token)}`,
    contract: "RewardLedger",
    functionName: "claim",
    args: [taskId, memberId, account],
  };
}
