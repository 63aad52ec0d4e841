import { isAddress } from "ethers";
import { EVENT_TABLES } from "../eventTables.ts";
import type { EventFilter, EventPosition } from "../indexReader.ts";
import { RequestError } from "./requestError.ts";

const PARAMETERS = ["address", "name", "task", "fromBlock", "toBlock", "after", "limit"];
/** Events of an answer, unless asked otherwise, and at most. */
const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 5000;
/** Addresses or names in one question. */
const MAX_LIST = 50;

/** Reads the query of GET /events. @throws {RequestError} naming what is wrong. */
export function parseEventFilter(query: URLSearchParams): EventFilter {
  refuseUnknown(query, PARAMETERS);
  const addresses = list(query, "address", (text) => isAddress(text));
  const names = list(query, "name", (text) => EVENT_TABLES.some(({ name }) => name === text));
  const taskId = integer(query, "task");
  const fromBlock = integer(query, "fromBlock");
  const toBlock = integer(query, "toBlock");
  const after = position(query.get("after"));
  const limit = integer(query, "limit") ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MAX_LIMIT) throw new RequestError(400, `limit must be from 1 to ${MAX_LIMIT}`);
  return {
    limit,
    ...(addresses !== undefined && { addresses }),
    ...(names !== undefined && { names }),
    ...(taskId !== undefined && { taskId }),
    ...(fromBlock !== undefined && { fromBlock }),
    ...(toBlock !== undefined && { toBlock }),
    ...(after !== undefined && { after }),
  };
}

/** Reads the query of GET /logs. @throws {RequestError} naming what is wrong. */
export function parseBlockRange(query: URLSearchParams): { readonly from: number; readonly to: number } {
  refuseUnknown(query, ["fromBlock", "toBlock"]);
  const from = integer(query, "fromBlock") ?? 0;
  const to = integer(query, "toBlock") ?? Number.MAX_SAFE_INTEGER;
  return { from, to };
}

function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new RequestError(
    400,
    `There is no parameter ${unknown.slice(0, 80)}`,
    `Use any of ${known.join(", ")}`,
  );
}

/** An event's place as a parameter: "12:3" is log 3 of block 12. */
export function formatPosition({ blockNumber, logIndex }: EventPosition): string {
  return `${blockNumber}:${logIndex}`;
}

function position(text: string | null): EventPosition | undefined {
  if (text === null) return undefined;
  const [, block, log] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  if (block === undefined) throw new RequestError(400, "after is not the `next` of an answer");
  return { blockNumber: Number(block), logIndex: Number(log) };
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new RequestError(400, `${name} is not a whole number`);
  return Number(text);
}

/** Values of a parameter that is repeated, or has commas. */
function list(
  query: URLSearchParams,
  name: string,
  isValid: (text: string) => boolean,
): readonly string[] | undefined {
  const values = query.getAll(name).flatMap((text) => text.split(","));
  if (values.length > MAX_LIST) throw new RequestError(400, `At most ${MAX_LIST} values of ${name}`);
  const wrong = values.find((text) => !isValid(text));
  if (wrong !== undefined)
    throw new RequestError(400, `${wrong.slice(0, 80)} is not a valid ${name} of an event`);
  return values.length === 0 ? undefined : values;
}
