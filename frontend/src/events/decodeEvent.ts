import { decodeEventLog, toEventSelector } from "viem";
import type { AbiEvent, Hex } from "viem";
import type { ChainEvent, ContractName } from "./contracts.ts";
import { ABIS, CONTRACT_NAMES } from "./contracts.ts";
import type { StoredLog } from "./storedLog.ts";

/** Events of a contract by their first topic; looking them up once is what makes long histories quick to read. */
const EVENTS = new Map(
  CONTRACT_NAMES.map((name) => {
    const events = (ABIS[name] as readonly { readonly type: string }[]).filter(
      (entry): entry is AbiEvent => entry.type === "event",
    );
    return [name, new Map(events.map((event) => [toEventSelector(event), event]))];
  }),
);

/** The event that a log tells, or undefined for one that the contract's interface does not have. */
export function decodeEvent(contract: ContractName, log: StoredLog): ChainEvent | undefined {
  const [selector] = log.topics;
  const event = selector === undefined ? undefined : EVENTS.get(contract)?.get(selector);
  if (event === undefined) return undefined;
  const { eventName, args } = decodeEventLog({
    abi: [event],
    topics: log.topics as [Hex, ...Hex[]],
    data: log.data,
  });
  const { blockNumber, transactionHash, logIndex } = log;
  return {
    contract,
    name: eventName,
    args: args ?? {},
    place: { blockNumber, transactionHash, logIndex },
  } as unknown as ChainEvent;
}
