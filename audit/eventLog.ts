import { Interface } from "ethers";
import type { InterfaceAbi, ParamType } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../protocol/abis.ts";
import type { TypedContractEvent } from "../typechain/common.ts";
import type { INodeRegistry } from "../typechain/interfaces/INodeRegistry.sol/INodeRegistry.ts";
import type { IRewardLedger } from "../typechain/interfaces/IRewardLedger.sol/IRewardLedger.ts";
import type { IRoundCoordinator } from "../typechain/interfaces/IRoundCoordinator.sol/IRoundCoordinator.ts";
import type { IStakeVault } from "../typechain/interfaces/IStakeVault.sol/IStakeVault.ts";
import type { ITaskRegistry } from "../typechain/interfaces/ITaskRegistry.sol/ITaskRegistry.ts";
import type { ChainSource, RawLog } from "./chainSource.ts";

/** The contracts whose events are replayed, by their names in the address book. */
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

/** Interfaces to decode events with and to ask views by. */
export const INTERFACES: Readonly<Record<ContractName, Interface>> = {
  NodeRegistry: new Interface(nodeRegistryAbi as unknown as InterfaceAbi),
  TaskRegistry: new Interface(taskRegistryAbi as unknown as InterfaceAbi),
  StakeVault: new Interface(stakeVaultAbi as unknown as InterfaceAbi),
  RewardLedger: new Interface(rewardLedgerAbi as unknown as InterfaceAbi),
  RoundCoordinator: new Interface(roundCoordinatorAbi as unknown as InterfaceAbi),
};

/** Where an event stands in the chain. */
export interface EventPlace {
  readonly blockNumber: number;
  readonly transactionHash: string;
  readonly logIndex: number;
}

type EventsOf<Filters, Contract extends ContractName> = {
  [
    Name in keyof Filters & string as Name extends `${string}(${string}` ? never : Name
  ]: Filters[Name] extends TypedContractEvent<infer _Input, infer _Tuple, infer Args>
    ? EventPlace & { readonly contract: Contract; readonly name: Name; readonly args: Readonly<Args> }
    : never;
};
type EventIn<Filters, Contract extends ContractName> = EventsOf<Filters, Contract>[keyof EventsOf<
  Filters,
  Contract
>];

export type NodeRegistryEvent = EventIn<INodeRegistry["filters"], "NodeRegistry">;
export type TaskRegistryEvent = EventIn<ITaskRegistry["filters"], "TaskRegistry">;
export type StakeVaultEvent = EventIn<IStakeVault["filters"], "StakeVault">;
export type RewardLedgerEvent = EventIn<IRewardLedger["filters"], "RewardLedger">;
export type RoundCoordinatorEvent = EventIn<IRoundCoordinator["filters"], "RoundCoordinator">;

/** Any event of the audited contracts; `contract` and `name` tell which. */
export type AuditEvent =
  NodeRegistryEvent | TaskRegistryEvent | StakeVaultEvent | RewardLedgerEvent | RoundCoordinatorEvent;

/** One event of a union by its name. */
export type Named<Event, Name extends string> = Extract<Event, { readonly name: Name }>;

/** Blocks asked for at first, and at most, in one query. */
const FIRST_RANGE = 2_000;
const LARGEST_RANGE = 50_000;

/**
 * All events from the deployment up to `toBlock` in the chain's order, a block range at a time: ranges that an endpoint
 * refuses are halved, and grow again while it answers.
 */
export async function* readEvents(
  source: ChainSource,
  deployment: Deployment,
  toBlock: number,
): AsyncGenerator<AuditEvent> {
  const names = new Map(AUDITED_CONTRACTS.map((name) => [deployment.contracts[name].toLowerCase(), name]));
  let range = FIRST_RANGE;
  let from = deployment.deploymentBlock;
  while (from <= toBlock) {
    const to = Math.min(toBlock, from + range - 1);
    let logs: readonly RawLog[];
    try {
      logs = await source.logs([...names.keys()], from, to);
    } catch (error) {
      if (range === 1) throw error;
      range = Math.ceil(range / 2);
      continue;
    }
    const ordered = logs.toSorted((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
    for (const log of ordered) {
      const contract = names.get(log.address.toLowerCase());
      const event = contract === undefined ? undefined : decodeEvent(contract, log);
      if (event !== undefined) yield event;
    }
    from = to + 1;
    range = Math.min(LARGEST_RANGE, range * 2);
  }
}

/** The event of a log, or undefined for one that the contract's interface does not have. */
export function decodeEvent(contract: ContractName, log: RawLog): AuditEvent | undefined {
  const parsed = INTERFACES[contract].parseLog({ topics: [...log.topics], data: log.data });
  if (parsed === null) return undefined;
  const { blockNumber, transactionHash, logIndex } = log;
  const args = plainFields(parsed.fragment.inputs, parsed.args);
  return { contract, name: parsed.name, args, blockNumber, transactionHash, logIndex } as AuditEvent;
}

/** A decoded value as plain objects, by the names of their fields, and arrays. */
export function plainValue(type: ParamType, value: unknown): unknown {
  if (type.baseType === "tuple") return plainFields(type.components ?? [], value as Iterable<unknown>);
  const child = type.arrayChildren;
  if (child !== null) return [...(value as Iterable<unknown>)].map((item) => plainValue(child, item));
  return value;
}

function plainFields(types: readonly ParamType[], values: Iterable<unknown>): Record<string, unknown> {
  const list = [...values];
  return Object.fromEntries(types.map((type, index) => [type.name, plainValue(type, list[index])]));
}
