import type { TypedContractEvent } from "../typechain/common.ts";
import type { INodeRegistry } from "../typechain/interfaces/INodeRegistry.sol/INodeRegistry.ts";
import type { IRewardLedger } from "../typechain/interfaces/IRewardLedger.sol/IRewardLedger.ts";
import type { IRoundCoordinator } from "../typechain/interfaces/IRoundCoordinator.sol/IRoundCoordinator.ts";
import type { IStakeVault } from "../typechain/interfaces/IStakeVault.sol/IStakeVault.ts";
import type { ITaskRegistry } from "../typechain/interfaces/ITaskRegistry.sol/ITaskRegistry.ts";
import type { ChainSource, RawLog } from "./chainSource.ts";
import { AUDITED_CONTRACTS } from "./contracts.ts";
import type { ContractName, Deployment } from "./contracts.ts";
import { UNDECODABLE, decodeLog } from "./decodeLog.ts";
import { inChainOrder, readLogRanges } from "./logRanges.ts";

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

/** A log of an audited contract whose bytes are not what its event has. */
export type UndecodableEvent = EventPlace & {
  readonly contract: ContractName;
  readonly name: typeof UNDECODABLE;
  readonly args: { readonly event: string; readonly problem: string };
};

/** One event of a union by its name. */
export type Named<Event, Name extends string> = Extract<Event, { readonly name: Name }>;

/**
 * All events from the deployment up to `toBlock` in the chain's order, a block range at a time.
 * @throws as {@link readLogRanges}.
 */
export async function* readEvents(
  source: ChainSource,
  deployment: Deployment,
  toBlock: number,
): AsyncGenerator<AuditEvent | UndecodableEvent> {
  const addresses = AUDITED_CONTRACTS.map((name) => deployment.contracts[name]);
  for await (const { logs } of readLogRanges(source, addresses, deployment.deploymentBlock, toBlock)) {
    yield* eventsOf(deployment, logs);
  }
}

/** The events of logs of a deployment, in the chain's order. */
export function* eventsOf(
  deployment: Deployment,
  logs: readonly RawLog[],
): Generator<AuditEvent | UndecodableEvent> {
  const names = new Map(AUDITED_CONTRACTS.map((name) => [deployment.contracts[name].toLowerCase(), name]));
  for (const log of logs.toSorted(inChainOrder)) {
    const contract = names.get(log.address.toLowerCase());
    const event = contract === undefined ? undefined : decodeEvent(contract, log);
    if (event !== undefined) yield event;
  }
}

/** The event of a log, or undefined for one that the contract's interface does not have. */
export function decodeEvent(contract: ContractName, log: RawLog): AuditEvent | UndecodableEvent | undefined {
  const decoded = decodeLog(contract, log);
  if (decoded === undefined) return undefined;
  const { blockNumber, transactionHash, logIndex } = log;
  return { contract, ...decoded, blockNumber, transactionHash, logIndex } as AuditEvent | UndecodableEvent;
}
