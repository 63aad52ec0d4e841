import { Interface, concat } from "ethers";
import type { InterfaceAbi, ParamType } from "ethers";
import { namedFields, valueDecoder } from "./abiValues.ts";
import type { AbiFields, AbiValue } from "./abiValues.ts";
import type { ChainLog } from "./chainLog.ts";
import type { ConcordatEvent } from "./concordatEvent.ts";
import { contractFinder, mapContracts } from "./contracts.ts";
import type { ContractAddresses, ContractName } from "./contracts.ts";
import { fieldConverter } from "./convertFields.ts";
import { EventError } from "./eventError.ts";
import type { AbiParameter } from "./fields.ts";

/** An event as the ABI has it: every integer an exact bigint, structs by their fields. */
export interface ExactEvent {
  readonly name: string;
  readonly fields: AbiFields;
}

/** What a log says, as loosely as any source types it. */
export interface LooseLog {
  readonly topics: readonly string[];
  readonly data: string;
}

/** How logs of one kind are read. */
interface EventReader {
  readonly name: string;
  readonly inputs: readonly ParamType[];
  /** Indexed parameters stand in topics, the others in the data. */
  readonly inTopics: (data: string) => readonly AbiValue[];
  readonly inData: (data: string) => readonly AbiValue[];
  readonly convert: (fields: AbiFields) => Readonly<Record<string, unknown>>;
}

/** Readers by the first topic of their logs: looked up once, long histories are quick to read. */
const READERS = mapContracts((abi) => {
  const readers = new Map<string, EventReader>();
  new Interface(abi as InterfaceAbi).forEachEvent(({ name, inputs, topicHash }) => {
    const [indexed, others] = [inputs.filter(isIndexed), inputs.filter((input) => !isIndexed(input))];
    const parameters = (abi as readonly { readonly type: string; readonly name?: string }[]).find(
      (entry) => entry.type === "event" && entry.name === name,
    ) as { readonly inputs: readonly AbiParameter[] } | undefined;
    readers.set(topicHash, {
      name,
      inputs: [...indexed, ...others],
      inTopics: valueDecoder(indexed),
      inData: valueDecoder(others),
      convert: fieldConverter(parameters?.inputs ?? []),
    });
  });
  return readers;
});

/**
 * Gives the events of a deployment, from logs of any source (see {@link fromEthersLog} and its like).
 * @returns A reader that throws {@link EventError}: "otherAddress" for a log of no contract of the deployment, else as
 * {@link decodeEvent}.
 */
export function eventReader(contracts: ContractAddresses): (log: ChainLog) => ConcordatEvent {
  const contractAt = contractFinder(contracts);
  return (log) => {
    const contract = contractAt(log.address);
    if (contract === undefined) {
      throw new EventError("otherAddress", `${log.address} is not a contract of the deployment`);
    }
    return decodeEvent(contract, log);
  };
}

/**
 * The event that a log of a contract tells.
 * @throws {EventError} "unknownTopic" where the contract has no such event; "malformed" where its bytes do not fit, or an
 * enum has a value that this release does not know.
 */
export function decodeEvent(contract: ContractName, log: ChainLog): ConcordatEvent {
  const reader = readerOf(contract, log);
  const fields = readFields(reader, log);
  const { blockNumber, blockHash, transactionHash, logIndex } = log;
  return {
    contract,
    name: reader.name,
    args: orMalformed(reader.name, () => reader.convert(fields)),
    place: { blockNumber, blockHash, transactionHash, logIndex },
  } as unknown as ConcordatEvent;
}

/** The same with every value as the ABI has it, for who keeps or compares values that nobody vouches for. @throws {EventError} */
export function decodeExactly(contract: ContractName, log: LooseLog): ExactEvent {
  const reader = readerOf(contract, log);
  return { name: reader.name, fields: readFields(reader, log) };
}

/** The name of the event that a log must be by its first topic; undefined where the contract has none. */
export function eventNameOf(contract: ContractName, { topics }: LooseLog): string | undefined {
  return READERS[contract].get(topics[0] ?? "")?.name;
}

function readerOf(contract: ContractName, { topics }: LooseLog): EventReader {
  const [first = "none"] = topics;
  const reader = READERS[contract].get(first);
  if (reader !== undefined) return reader;
  throw new EventError("unknownTopic", `${contract} has no event with the topic ${first}`);
}

function readFields({ name, inputs, inTopics, inData }: EventReader, { topics, data }: LooseLog): AbiFields {
  return orMalformed(name, () =>
    namedFields(inputs, [...inTopics(concat(topics.slice(1))), ...inData(data)]),
  );
}

function orMalformed<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    // Without what ethers adds in brackets, which has the bytes again.
    const [problem = ""] = (cause instanceof Error ? cause.message : String(cause)).split(" (");
    const facts = { event: name, problem };
    throw new EventError("malformed", `A log does not have the bytes of ${name}: ${problem}`, {
      facts,
      cause,
    });
  }
}

function isIndexed({ indexed }: ParamType): boolean {
  return indexed === true;
}
