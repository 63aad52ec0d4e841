import type { Abi, ContractEventName, DecodeEventLogReturnType, Hex } from "viem";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../../../protocol/abis.ts";

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

/** Where an event stands in the chain. */
export interface EventPlace {
  readonly blockNumber: number;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

type EventOf<A extends Abi, C extends ContractName> =
  DecodeEventLogReturnType<A, ContractEventName<A>> extends infer Decoded
    ? Decoded extends { readonly eventName: infer Name; readonly args: infer Args }
      ? { readonly contract: C; readonly name: Name; readonly args: Args; readonly place: EventPlace }
      : never
    : never;

/** Any event of the deployment; `contract` and `name` tell which, `args` are its fields. */
export type ChainEvent = { readonly [C in ContractName]: EventOf<(typeof ABIS)[C], C> }[ContractName];

/** The events of one contract. */
export type EventFrom<C extends ContractName> = Extract<ChainEvent, { readonly contract: C }>;
