import type { ParamType } from "ethers";
import { concat } from "ethers";
import { namedFields, valueDecoder } from "./abiValues.ts";
import type { AbiFields, AbiValue } from "./abiValues.ts";
import type { RawLog } from "./chainSource.ts";
import { INTERFACES, mapContracts } from "./contracts.ts";
import type { ContractName } from "./contracts.ts";

/** What a log says. */
export interface DecodedLog {
  readonly name: string;
  readonly args: AbiFields;
}

/** The name under which a log stands whose bytes are not what its event has: no contract of a deployment emits one. */
export const UNDECODABLE = "Undecodable";

/** How logs of one kind are read. */
interface EventReader {
  readonly name: string;
  readonly inputs: readonly ParamType[];
  /** Indexed parameters stand in topics, the others in the data. */
  readonly inTopics: (data: string) => readonly AbiValue[];
  readonly inData: (data: string) => readonly AbiValue[];
}

/** Readers by the first topic of their logs. */
const READERS = mapContracts((_abi, contract) => {
  const readers = new Map<string, EventReader>();
  INTERFACES[contract].forEachEvent(({ name, inputs, topicHash }) => {
    const [indexed, others] = [inputs.filter(isIndexed), inputs.filter((input) => !isIndexed(input))];
    readers.set(topicHash, {
      name,
      inputs: [...indexed, ...others],
      inTopics: valueDecoder(indexed),
      inData: valueDecoder(others),
    });
  });
  return readers;
});

/**
 * The event of a log, or undefined for one that the contract's interface does not have. Never throws, since nobody vouches
 * for what a foreign contract or an endpoint says: a log whose bytes do not fit its event is an event `Undecodable` with the
 * event's name and the problem.
 */
export function decodeLog(
  contract: ContractName,
  log: Pick<RawLog, "topics" | "data">,
): DecodedLog | undefined {
  const [first = "", ...indexed] = log.topics;
  const reader = READERS[contract].get(first);
  if (reader === undefined) return undefined;
  const { name, inputs, inTopics, inData } = reader;
  try {
    return { name, args: namedFields(inputs, [...inTopics(concat(indexed)), ...inData(log.data)]) };
  } catch (error) {
    // Without what ethers adds in brackets, which has the bytes again.
    const [problem = ""] = (error instanceof Error ? error.message : String(error)).split(" (");
    return { name: UNDECODABLE, args: { event: name, problem } };
  }
}

function isIndexed({ indexed }: ParamType): boolean {
  return indexed === true;
}
