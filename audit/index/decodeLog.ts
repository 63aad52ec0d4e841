import { Interface, Utf8ErrorFuncs, getAddress, toUtf8String } from "ethers";
import type { InterfaceAbi } from "ethers";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../../protocol/abis.ts";
import type { RawLog } from "../chainSource.ts";
import type { ContractName } from "../eventLog.ts";

/** A parameter as the compiler describes it. */
export interface AbiParameter {
  readonly name: string;
  readonly type: string;
  /** For example "enum IRoundCoordinatorTypes.Phase". */
  readonly internalType: string;
  readonly components?: readonly AbiParameter[];
}

/** An event as the compiler describes it. */
export interface AbiEvent {
  readonly name: string;
  readonly inputs: readonly AbiParameter[];
}

/** A decoded parameter: numbers as bigint, addresses in EIP-55 form, bytes as hex, structs by their fields. */
export type EventValue = bigint | boolean | string | readonly EventValue[] | EventFields;
export interface EventFields {
  readonly [name: string]: EventValue;
}

/** What a log says. */
export interface DecodedLog {
  readonly name: string;
  readonly args: EventFields;
}

const ABIS: Readonly<Record<ContractName, readonly unknown[]>> = {
  NodeRegistry: nodeRegistryAbi,
  TaskRegistry: taskRegistryAbi,
  StakeVault: stakeVaultAbi,
  RewardLedger: rewardLedgerAbi,
  RoundCoordinator: roundCoordinatorAbi,
};

/** The events of each contract, as they stand in its ABI. */
export const EVENTS = mapContracts((abi) =>
  abi.filter((item): item is AbiEvent => (item as { type: string }).type === "event"),
);

/** How the logs of one contract are read. */
interface LogReader {
  /** Has `bytes` wherever an event has a string, since nobody checks that a string on chain is UTF-8. */
  readonly lenient: Interface;
  /** By an event's topic: its description, and the topic that it has in `lenient`. */
  readonly byTopic: ReadonlyMap<string, { readonly event: AbiEvent; readonly topic: string }>;
}

const READERS = mapContracts((abi, contract): LogReader => {
  const strict = new Interface(abi as InterfaceAbi);
  const lenient = new Interface(
    EVENTS[contract].map((event) => ({ ...event, inputs: event.inputs.map(withoutStrings) })) as InterfaceAbi,
  );
  const byTopic = EVENTS[contract].map((event) => {
    const topic = lenient.getEvent(event.name)?.topicHash ?? "";
    return [strict.getEvent(event.name)?.topicHash ?? "", { event, topic }] as const;
  });
  return { lenient, byTopic: new Map(byTopic) };
});

/**
 * The event of a log, or undefined for one that the contract's interface does not have. Unlike ethers it reads strings
 * that are no UTF-8, their bad bytes as U+FFFD: whoever applies for admission could stop an index with such a string.
 */
export function decodeLog(
  contract: ContractName,
  log: Pick<RawLog, "topics" | "data">,
): DecodedLog | undefined {
  const { lenient, byTopic } = READERS[contract];
  const [first = "", ...indexed] = log.topics;
  const known = byTopic.get(first);
  if (known === undefined) return undefined;
  const values = lenient.decodeEventLog(known.event.name, log.data, [known.topic, ...indexed]);
  return { name: known.event.name, args: fieldsOf(known.event.inputs, values) };
}

function withoutStrings(parameter: AbiParameter): AbiParameter {
  if (parameter.type === "string") return { ...parameter, type: "bytes", internalType: "bytes" };
  const { components } = parameter;
  return components === undefined ? parameter : { ...parameter, components: components.map(withoutStrings) };
}

function fieldsOf(parameters: readonly AbiParameter[], values: Iterable<unknown>): EventFields {
  const list = [...values];
  return Object.fromEntries(
    parameters.map((parameter, index) => [parameter.name, valueOf(parameter, list[index])]),
  );
}

function valueOf(parameter: AbiParameter, value: unknown): EventValue {
  if (parameter.type.endsWith("[]")) {
    const item = { ...parameter, type: parameter.type.slice(0, -2) };
    return [...(value as Iterable<unknown>)].map((entry) => valueOf(item, entry));
  }
  switch (parameter.type) {
    case "tuple":
      return fieldsOf(parameter.components ?? [], value as Iterable<unknown>);
    case "string":
      return toUtf8String(value as string, Utf8ErrorFuncs.replace);
    case "address":
      return getAddress(value as string);
    default:
      return value as bigint | boolean | string;
  }
}

function mapContracts<T>(
  create: (abi: readonly unknown[], contract: ContractName) => T,
): Readonly<Record<ContractName, T>> {
  const entries = Object.entries(ABIS) as [ContractName, readonly unknown[]][];
  return Object.fromEntries(entries.map(([name, abi]) => [name, create(abi, name)])) as Record<
    ContractName,
    T
  >;
}
