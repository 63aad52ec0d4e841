import { proposalSlots, roundSlots } from "@concordat/protocol/contracts/storageSlots";
import { MAX_GAS } from "./maxGas.ts";

/** What is needed to simulate: node and page bring it with the library that they have. */
export interface Simulator {
  ask(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Of bytes as hex digits behind 0x. */
  keccak256(hex: `0x${string}`): string;
}

/** A word of a contract's storage as it may be by the time a call is included. */
export interface ChangedWord {
  /** Slot of the mapping, and the key in it. */
  readonly mapping: number;
  readonly key: number;
  readonly change: (value: bigint) => bigint;
}

/** A task's round in the coordinator, of which one submission less is awaited than `count` and the next one make. */
export function lastSubmission(taskId: number, count: number): ChangedWord {
  const { mapping, activeCount } = roundSlots;
  return { mapping, key: taskId, change: (value) => withField(value, activeCount, BigInt(count + 1)) };
}

/** A proposal in the registry, of which one more approval is the majority. */
export function lastApproval(proposalId: number): ChangedWord {
  const { mapping, electorate, approvals } = proposalSlots;
  const change = (value: bigint): bigint => withField(value, approvals, fieldOf(value, electorate) / 2n);
  return { mapping, key: proposalId, change };
}

/**
 * Gas by which a call costs more where others that were included before it made it the one that moves something: the last
 * submission that a phase waits for finalises the round and opens the next, the last approval admits a node. Measured on the
 * state of a block with one word changed. Undefined where the endpoint cannot simulate.
 * @param call Who calls which contract with what.
 */
export async function phaseChangeGas(
  simulator: Simulator,
  call: { readonly account: string; readonly contract: string; readonly data: string },
  { mapping, key, change }: ChangedWord,
  block: number | bigint,
): Promise<bigint | undefined> {
  const { account, contract, data } = call;
  const at = hex(BigInt(block));
  const ask = async (method: string, ...params: readonly unknown[]): Promise<string> =>
    String(await simulator.ask(method, params));
  // The account itself gets the code that measures, so that the contract sees the right caller.
  const measuring = { [account]: { code: measuringCode(contract) } };
  const asked = { to: account, data, gas: hex(MAX_GAS) };
  try {
    const slot = simulator.keccak256(`0x${word(BigInt(key))}${word(BigInt(mapping))}`);
    const value = change(BigInt(await ask("eth_getStorageAt", contract, slot, at)));
    const changed = { [contract]: { stateDiff: { [slot]: `0x${word(value)}` } } };
    const [usual, moving] = await Promise.all([
      ask("eth_call", asked, at, measuring),
      ask("eth_call", asked, at, { ...measuring, ...changed }),
    ]);
    const extra = BigInt(moving) - BigInt(usual);
    return extra > 0n ? extra : 0n;
  } catch {
    // Whatever it was, the estimate of the call itself meets it too, and says so.
    return undefined;
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** The 32 bytes of a number, as hex digits. */
function word(value: bigint): string {
  return value.toString(16).padStart(64, "0");
}

/** Where a field stands in its word, in bytes from the lowest. */
interface Field {
  readonly offset: number;
  readonly bytes: number;
}

function fieldOf(value: bigint, { offset, bytes }: Field): bigint {
  return (value >> BigInt(offset * 8)) & ((1n << BigInt(bytes * 8)) - 1n);
}

function withField(before: bigint, { offset, bytes }: Field, value: bigint): bigint {
  const mask = ((1n << BigInt(bytes * 8)) - 1n) << BigInt(offset * 8);
  return (before & ~mask) | (value << BigInt(offset * 8));
}

/** Code that passes its input on to a contract and returns the gas that this took; it reverts as the contract does. */
function measuringCode(contract: string): string {
  return [
    "0x3660006000375a", // calldatacopy(0, 0, calldatasize()); let before := gas()
    "600060003660006000", // call(gas(), contract, 0, 0, calldatasize(), 0, 0)
    `73${contract.slice(2).toLowerCase()}5af1`,
    "603457", // if it succeeded, go on behind the failure, at 0x34
    "3d600060003e3d6000fd", // revert as it did
    "5b5a9003", // sub(before, gas())
    "60005260206000f3", // return it
  ].join("");
}
