import { encodeFunctionData, keccak256 } from "viem";
import type { Abi, Hex, PublicClient } from "viem";
import { lastApproval, phaseChangeGas } from "@concordat/chain/sending/phaseChangeGas";

/** A vote as it would be sent. */
interface Vote {
  readonly account: Hex;
  readonly address: Hex;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
}

/**
 * Gas by which a vote costs more where others' votes come first and this one decides; undefined where the endpoint cannot
 * simulate it.
 */
export async function decidingGas(client: PublicClient, vote: Vote): Promise<bigint | undefined> {
  const { account, address: contract, args } = vote;
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> =>
    client.request({ method, params } as Parameters<PublicClient["request"]>[0]);
  const block = await client.getBlockNumber();
  const call = { account, contract, data: encodeFunctionData(vote) };
  return phaseChangeGas({ ask, keccak256 }, call, lastApproval(Number(args[0])), block);
}
