import { Interface, ZeroHash, isError, type JsonRpcProvider } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../../../protocol/abis.ts";
import type { AddressBook } from "../../../protocol/addressBook.ts";
import { InputError } from "../../../protocol/errors.ts";

type ContractName = keyof AddressBook["contracts"];

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
export async function checkContracts(provider: JsonRpcProvider, { contracts }: AddressBook): Promise<void> {
  await Promise.all(
    (Object.keys(PROBES) as ContractName[]).map(async (name) => {
      const address = contracts[name];
      if ((await provider.getCode(address)) === "0x") {
        throw new InputError(`There is no contract at ${address}, which the address book names ${name}`, {
          hint: "Deploy the contracts to this chain, or give the address book that its deployment wrote",
        });
      }
      if (!(await answers(provider, address, PROBES[name]))) {
        throw new InputError(`The contract at ${address} is no ${name}, as the address book says`, {
          hint: "Give the address book that the deployment wrote, unchanged",
        });
      }
    }),
  );
}

/** Whether a call returns one word. Endpoints differ in how they tell a revert; what is none is thrown. */
async function answers(provider: JsonRpcProvider, to: string, data: string): Promise<boolean> {
  try {
    return (await provider.call({ to, data })).length === ZeroHash.length;
  } catch (error) {
    if (isError(error, "CALL_EXCEPTION") || /revert/i.test(String(error))) return false;
    throw error;
  }
}
