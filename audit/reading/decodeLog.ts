import type { AbiFields } from "@concordat/protocol/events/abiValues";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { decodeExactly, eventNameOf } from "@concordat/protocol/events/decodeEvent";
import type { LooseLog } from "@concordat/protocol/events/decodeEvent";
import { EventError } from "@concordat/protocol/events/eventError";

/** What a log says, with every value as exact as the chain has it. */
export interface DecodedLog {
  readonly name: string;
  readonly args: AbiFields;
}

/** The name under which a log stands whose bytes are not what its event has: no contract of a deployment emits one. */
export const UNDECODABLE = "Undecodable";

/** What stands in place of an event whose bytes do not fit. */
export interface Undecodable {
  readonly name: typeof UNDECODABLE;
  readonly args: { readonly event: string; readonly problem: string };
}

/**
 * The event of a log, or undefined for one that the contract's interface does not have. Never throws, since nobody vouches
 * for what a foreign contract or an endpoint says: a log whose bytes do not fit its event is an event `Undecodable` with the
 * event's name and the problem.
 */
export function decodeLog(contract: ContractName, log: LooseLog): DecodedLog | undefined {
  return orUndecodable(contract, log, () => {
    const { name, fields } = decodeExactly(contract, log);
    return { name, args: fields };
  }) as DecodedLog | undefined;
}

/** What `decode` gives of a log; undefined where the contract has no such event, `Undecodable` where its bytes do not fit. */
export function orUndecodable<T>(
  contract: ContractName,
  log: LooseLog,
  decode: () => T,
): T | Undecodable | undefined {
  const event = eventNameOf(contract, log);
  if (event === undefined) return undefined;
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    return { name: UNDECODABLE, args: { event, problem: String(error.facts["problem"]) } };
  }
}
