import { Interface } from "ethers";
import type { InterfaceAbi } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../protocol/abis.ts";

/** The contracts whose events are read, by their names in the address book. */
export const AUDITED_CONTRACTS = [
  "NodeRegistry",
  "TaskRegistry",
  "StakeVault",
  "RewardLedger",
  "RoundCoordinator",
] as const;
export type ContractName = (typeof AUDITED_CONTRACTS)[number];

/** Where the contracts stand: the part of an address book that an audit needs. */
export interface Deployment {
  readonly deploymentBlock: number;
  readonly contracts: Readonly<Record<ContractName, string>>;
}

const ABIS: Readonly<Record<ContractName, readonly unknown[]>> = {
  NodeRegistry: nodeRegistryAbi,
  TaskRegistry: taskRegistryAbi,
  StakeVault: stakeVaultAbi,
  RewardLedger: rewardLedgerAbi,
  RoundCoordinator: roundCoordinatorAbi,
};

/** Something of each contract, made from its ABI. */
export function mapContracts<T>(
  create: (abi: readonly unknown[], contract: ContractName) => T,
): Readonly<Record<ContractName, T>> {
  const entries = AUDITED_CONTRACTS.map((name) => [name, create(ABIS[name], name)] as const);
  return Object.fromEntries(entries) as Record<ContractName, T>;
}

/** Interfaces to name calls and errors with, and to ask views by. */
export const INTERFACES = mapContracts((abi) => new Interface(abi as InterfaceAbi));
