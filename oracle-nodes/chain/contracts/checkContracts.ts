import { Interface, ZeroHash } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "@concordat/protocol/contracts/abis";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { InputError } from "@concordat/protocol/errors";
import type { ChainProvider } from "../endpoints/chainProvider.ts";
import { ContractError } from "./contractError.ts";
import { isEndpointFault } from "../endpoints/endpointError.ts";

type ContractName = keyof AddressBook["contracts"];

/** Milliseconds for which an address without code is looked at again. */
const CODE_PATIENCE_MS = 1500;

/** For each contract, a call that it answers in any state and that none of the others has. */
const PROBES: Readonly<Record<ContractName, string>> = {
  NodeRegistry: new Interface(nodeRegistryAbi).encodeFunctionData("memberCount"),
  TaskRegistry: new Interface(taskRegistryAbi).encodeFunctionData("taskCount"),
  StakeVault: new Interface(stakeVaultAbi).encodeFunctionData("unbondingPeriod"),
  RewardLedger: new Interface(rewardLedgerAbi).encodeFunctionData("recordedRounds", [0]),
  RoundCoordinator: new Interface(roundCoordinatorAbi).encodeFunctionData("hashLocalUpdate", [
    0,
    0,
    0,
    ZeroHash,
    0,
    ZeroHash,
    0,
  ]),
};

/**
 * Checks that every address of the book has the contract that the book names.
 * @throws {InputError} naming an address without a contract, or with one of another kind.
 */
export async function checkContracts(provider: ChainProvider, { contracts }: AddressBook): Promise<void> {
  await Promise.all(
    (Object.keys(PROBES) as ContractName[]).map(async (name) => {
      const address = contracts[name];
      if (!(await hasCode(provider, address))) {
        throw new InputError(`There is no contract at ${address}, where the address book lists ${name}`, {
          hint: "Deploy the contracts to this chain, or give the address book of its deployment",
        });
      }
      if (!(await answers(provider, address, PROBES[name]))) {
        throw new InputError(
          `The contract at ${address} is not the ${name} that the address book lists there`,
          {
            hint: "Give the address book exactly as the deployment wrote it",
          },
        );
      }
    }),
  );
}

/** Whether there is a contract; a backend that is behind a deployment is given time. */
async function hasCode(provider: ChainProvider, address: string): Promise<boolean> {
  const ends = performance.now() + CODE_PATIENCE_MS;
  const lacks = (code: unknown): string | undefined =>
    code === "0x" && performance.now() < ends ? `the code at ${address}` : undefined;
  return (await provider.ask("eth_getCode", [address, "latest"], { lacks })) !== "0x";
}

/** Whether a call returns one word. */
async function answers(provider: ChainProvider, to: string, data: string): Promise<boolean> {
  try {
    return (await provider.call({ to, data })).length === ZeroHash.length;
  } catch (error) {
    // A contract without the function refuses without a word.
    if (error instanceof ContractError || isEndpointFault(error, "bareRevert")) return false;
    throw error;
  }
}
