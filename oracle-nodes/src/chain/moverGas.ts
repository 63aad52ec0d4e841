import { AbiCoder, keccak256, toBeHex, toQuantity } from "ethers";
import type { ChainProvider } from "./chainProvider.ts";
import { MAX_GAS } from "./estimateGas.ts";

/** Slot of the coordinator's rounds by task, and where `activeCount` stands in a round's first word (test/chain/moverGas.test.ts). */
const ROUNDS_SLOT = 2n;
const ACTIVE_COUNT = { offset: 10n, bytes: 2n } as const;
/** An account that nobody has, from which the measuring code calls. */
const SCRATCH = "0x00000000000000000000000000000000c0de6a50";
/** Milliseconds for each question: without an answer a share of the estimate must do. */
const PATIENCE_MS = 4000;

/**
 * Gas by which a submission costs more where it comes to be the last that a phase waits for, since others were included before
 * it: then it moves the phase, finalises the round and opens the next. Measured on the state of a block in which one submission
 * less is awaited. Undefined where the endpoint cannot simulate.
 * @param count Submissions of the phase that count so far.
 */
export async function moverGas(
  provider: ChainProvider,
  {
    coordinator,
    taskId,
    data,
    count,
    block,
  }: {
    readonly coordinator: string;
    readonly taskId: number;
    readonly data: string;
    readonly count: number;
    readonly block: number;
  },
): Promise<bigint | undefined> {
  const at = toQuantity(block);
  const ask = async (method: string, ...params: readonly unknown[]): Promise<string> =>
    String(await provider.ask(method, params, { patienceMs: PATIENCE_MS }));
  const code = { [SCRATCH]: { code: measuringCode(coordinator) } };
  const call = { to: SCRATCH, data, gas: toQuantity(MAX_GAS) };
  try {
    const slot = keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [taskId, ROUNDS_SLOT]));
    const word = BigInt(await ask("eth_getStorageAt", coordinator, slot, at));
    const diff = {
      [coordinator]: { stateDiff: { [slot]: toBeHex(withActiveCount(word, BigInt(count + 1)), 32) } },
    };
    const [usual, moving] = await Promise.all([
      ask("eth_call", call, at, code),
      ask("eth_call", call, at, { ...code, ...diff }),
    ]);
    const extra = BigInt(moving) - BigInt(usual);
    return extra > 0n ? extra : 0n;
  } catch {
    // Whatever it was, the estimate of the submission itself meets it too, and says so.
    return undefined;
  }
}

function withActiveCount(word: bigint, count: bigint): bigint {
  const shift = ACTIVE_COUNT.offset * 8n;
  const mask = ((1n << (ACTIVE_COUNT.bytes * 8n)) - 1n) << shift;
  return (word & ~mask) | (count << shift);
}

/** Code that passes its input on to a contract and returns the gas that this took; it reverts as the contract does. */
function measuringCode(target: string): string {
  return [
    "0x3660006000375a", // calldatacopy(0, 0, calldatasize()); let before := gas()
    "600060003660006000", // call(gas(), target, 0, 0, calldatasize(), 0, 0)
    `73${target.slice(2).toLowerCase()}5af1`,
    "603457", // if it succeeded, go on behind the failure, at 0x34
    "3d600060003e3d6000fd", // revert as it did
    "5b5a9003", // sub(before, gas())
    "60005260206000f3", // return it
  ].join("");
}
