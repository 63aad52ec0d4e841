import { toQuantity } from "ethers";
import { InputError } from "@concordat/protocol/errors";
import type { ChainProvider } from "../endpoints/chainProvider.ts";

/**
 * Code that returns the number of the block in which it runs, and one that returns the hash of the block before, behind a byte 0:
 * it runs as a constructor does, and a constructor may not return what begins with 0xef (EIP-3541), as one hash in 256 does.
 */
const NUMBER_CODE = "0x4360005260206000f3";
const PARENT_HASH_CODE = "0x600143034060015260216000f3";

/** Any provider of ethers that asks this chain. */
type BlockSource = Pick<ChainProvider, "send" | "getBlock">;

/** Looks before a difference is believed. */
const TRIES = 3;

/**
 * Checks that contracts see the block numbers and hashes that the endpoint gives. On some rollups they see those of the chain
 * below, or hashes that stand for no block: the election's seed could then be neither sealed nor recomputed (docs/chains.md).
 * @throws {InputError} naming the difference.
 */
export async function checkBlockNumbers(provider: BlockSource): Promise<void> {
  for (let tries = 1; ; tries++) {
    const difference = await differenceOf(provider);
    if (difference === undefined) return;
    // The chain may have been reorganised between two answers.
    if (tries < TRIES) continue;
    throw new InputError(difference, {
      hint: "Use a chain where contracts see its own block numbers and hashes; docs/chains.md says which",
    });
  }
}

async function differenceOf(provider: BlockSource): Promise<string | undefined> {
  const latest = Number(await provider.send("eth_blockNumber", []));
  const run = async (data: string): Promise<string> =>
    String(await provider.send("eth_call", [{ data }, toQuantity(latest)]));
  const seen = Number(await run(NUMBER_CODE));
  // Some run calls in the block after the one that is named.
  if (seen !== latest && seen !== latest + 1)
    return `Contracts on this chain see block number ${seen}, but its endpoint is at block ${latest}`;
  if (seen < 2) return undefined;
  const parent = await provider.getBlock(seen - 1);
  const isSame = parent?.hash === `0x${(await run(PARENT_HASH_CODE)).slice(4)}`;
  return isSame
    ? undefined
    : `Contracts on this chain see a different hash for block ${seen - 1} than its endpoint gives`;
}
