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
): AsyncGenerator<AuditEvent | UndecodableEvent> {
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
export function decodeEvent(contract: ContractName, log: RawLog): AuditEvent | UndecodableEvent | undefined {
  const decoded = decodeLog(contract, log);
  if (decoded === undefined) return undefined;
  const { blockNumber, transactionHash, logIndex } = log;
  return { contract, ...decoded, blockNumber, transactionHash, logIndex } as AuditEvent | UndecodableEvent;
}
