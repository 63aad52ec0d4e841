import { eventId, fieldText, fieldsOf, numberField } from "#events/eventText.ts";
import type { ConcordatEvent as ChainEvent } from "@concordat/protocol/events/concordatEvent";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";

/** What the audit page's address asks for; all of it must hold. */
export interface AuditSearch {
  readonly contract?: ContractName | undefined;
  readonly name?: string | undefined;
  readonly task?: number | undefined;
  readonly round?: number | undefined;
  readonly node?: number | undefined;
  /** Any text in the fields, the transaction or the block: an account, a digest, a hash. */
  readonly text?: string | undefined;
  /** One event (see eventId). */
  readonly event?: string | undefined;
}

export function parseAuditSearch(search: Readonly<Record<string, unknown>>): AuditSearch {
  return {
    contract: CONTRACT_NAMES.find((name) => name === search["contract"]),
    name: text(search["name"]),
    task: whole(search["task"]),
    round: whole(search["round"]),
    node: whole(search["node"]),
    text: text(search["text"]),
    event: text(search["event"]),
  };
}

/** Whether an event is one of those that the address asks for. */
export function matches(event: ChainEvent, search: AuditSearch): boolean {
  const { contract, name, task, round, node } = search;
  return (
    (contract === undefined || event.contract === contract) &&
    (name === undefined || event.name === name) &&
    (task === undefined || numberField(event, "taskId") === task) &&
    (round === undefined || numberField(event, "round") === round) &&
    (node === undefined || numberField(event, "nodeId") === node) &&
    (search.event === undefined || eventId(event) === search.event) &&
    (search.text === undefined || contains(event, search.text.toLowerCase()))
  );
}

function contains(event: ChainEvent, wanted: string): boolean {
  const { blockNumber, transactionHash } = event.place;
  if (transactionHash.toLowerCase().includes(wanted) || String(blockNumber) === wanted) return true;
  return fieldsOf(event).some(([, value]) => fieldText(value).toLowerCase().includes(wanted));
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, 200) : undefined;
}

function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
