import type { Hex } from "../ids.ts";
import type { ABIS, ContractName } from "./contracts.ts";
import type { AbiParameter, FieldsOf } from "./fields.ts";

/** Where an event stands in the chain. */
export interface EventPlace {
  readonly blockNumber: number;
  /** A log of another branch has another one. */
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  /** Place in the block, from 0, counted over all its logs. */
  readonly logIndex: number;
}

type EventOf<Contract extends ContractName, Entry> = Entry extends {
  readonly type: "event";
  readonly name: infer Name extends string;
  readonly inputs: infer Inputs extends readonly AbiParameter[];
}
  ? {
      readonly contract: Contract;
      readonly name: Name;
      readonly args: FieldsOf<Inputs>;
      readonly place: EventPlace;
    }
  : never;

/**
 * Any event of the contracts; `contract` and `name` tell which, `args` are its fields: ids, ratios and digests branded, enums
 * and the terms by their types, amounts and packed words as bigint, every other number as number. A number that no `number`
 * holds exactly (only a foreign coordinator can bring one in) is Number.MAX_SAFE_INTEGER.
 */
export type ConcordatEvent = {
  readonly [Contract in ContractName]: EventOf<Contract, (typeof ABIS)[Contract][number]>;
}[ContractName];

/** The events of one contract. */
export type EventFrom<Contract extends ContractName> = Extract<
  ConcordatEvent,
  { readonly contract: Contract }
>;

/** One event of a union by its name. */
export type Named<Event, Name extends string> = Extract<Event, { readonly name: Name }>;
