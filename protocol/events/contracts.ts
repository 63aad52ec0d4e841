import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../contracts/abis.ts";

/** The contracts of a deployment by their names in the address book. */
export const ABIS = {
  NodeRegistry: nodeRegistryAbi,
  TaskRegistry: taskRegistryAbi,
  StakeVault: stakeVaultAbi,
  RewardLedger: rewardLedgerAbi,
  RoundCoordinator: roundCoordinatorAbi,
} as const;
export type ContractName = keyof typeof ABIS;
export const CONTRACT_NAMES = Object.keys(ABIS) as readonly ContractName[];

/** Where the contracts of a deployment stand. */
export type ContractAddresses = Readonly<Record<ContractName, string>>;

/** Something of each contract, made from its ABI. */
export function mapContracts<T>(
  create: (abi: readonly unknown[], contract: ContractName) => T,
): Readonly<Record<ContractName, T>> {
  const entries = CONTRACT_NAMES.map((name) => [name, create(ABIS[name], name)] as const);
  return Object.fromEntries(entries) as Record<ContractName, T>;
}

/** The contract that stands at an address, by the addresses of a deployment. */
export function contractFinder(contracts: ContractAddresses): (address: string) => ContractName | undefined {
  const names = new Map(CONTRACT_NAMES.map((name) => [contracts[name].toLowerCase(), name]));
  return (address) => names.get(address.toLowerCase());
}
