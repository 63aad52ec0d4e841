import { fromBitmap } from "@concordat/protocol/rules/bitmap";
import { enumName } from "@concordat/protocol/contracts/enums";
import { enumOfType } from "@concordat/protocol/contracts/enumOfType";
import { MAX_NEGOTIATION_STEPS, unpackScores } from "@concordat/protocol/rules/packedScores";
import type { AbiFields, AbiValue } from "@concordat/protocol/events/abiValues";
import { AMOUNT_FIELDS, BITMAP_FIELDS } from "@concordat/protocol/events/fields";
import type { AbiParameter } from "@concordat/protocol/events/fields";

/** A value as SQLite stores it. */
export type Cell = string | number | bigint | null;

/** A column of an event's table. */
export interface EventColumn {
  readonly name: string;
  /** The type in CREATE TABLE. Addresses compare without regard to case. */
  readonly type: "INTEGER" | "TEXT" | "TEXT COLLATE NOCASE";
  /** How a reader takes the value. */
  readonly meaning: string;
  readonly cell: (args: AbiFields) => Cell;
}

/** All other parameters of type uint256 that events have are ids, counts and times. */
const AMOUNTS: ReadonlySet<string> = new Set(AMOUNT_FIELDS);
const BITMAPS: ReadonlySet<string> = new Set(BITMAP_FIELDS);
/** The greatest INTEGER that every reader keeps exact, JavaScript's too. */
const MAX_INTEGER = BigInt(Number.MAX_SAFE_INTEGER);
/** Bits of integers that always fit an INTEGER. */
const NARROW_BITS = 48;

/** The columns of an event, in the order of its parameters; a struct's fields become columns "parameter_field". */
export function columnsOf(parameters: readonly AbiParameter[]): readonly EventColumn[] {
  return parameters.flatMap((parameter) => {
    if (parameter.type !== "tuple") return [columnOf(parameter)];
    return (parameter.components ?? []).map((field) => {
      const { name, type, meaning, cell } = columnOf(field);
      const inner = (args: AbiFields): Cell => cell(args[parameter.name] as AbiFields);
      return { name: `${parameter.name}_${name}`, type, meaning, cell: inner };
    });
  });
}

function columnOf(parameter: AbiParameter): EventColumn {
  const { name, type } = parameter;
  const column = (
    sqlType: EventColumn["type"],
    meaning: string,
    write: (value: AbiValue) => Cell,
  ): EventColumn => ({ name, type: sqlType, meaning, cell: (args) => write(args[name] ?? "") });

  const values = enumOfType(parameter.internalType);
  if (values !== undefined) {
    const meaning = `one of ${Object.keys(values).join(", ")}`;
    return column("TEXT", meaning, (value) => enumName(values, value as bigint));
  }
  if (BITMAPS.has(name)) {
    return column("TEXT", "JSON array of member ids", (value) =>
      JSON.stringify(fromBitmap(value as readonly bigint[])),
    );
  }
  if (name === "scores") {
    return column("TEXT", "JSON array of 16 scores, score r at index r - 1", (value) =>
      JSON.stringify(unpackScores(value as bigint, MAX_NEGOTIATION_STEPS)),
    );
  }
  if (type.endsWith("]")) return column("TEXT", "JSON array", (value) => exactJson(value, jsonNumber));
  if (type === "bool") return column("INTEGER", "1 for true, 0 for false", (value) => Number(value));
  if (type === "address") return column("TEXT COLLATE NOCASE", "address", (value) => value as string);
  if (type.startsWith("bytes")) return column("TEXT", "hex with 0x", (value) => value as string);
  if (type === "string") return column("TEXT", "text", (value) => value as string);
  const bits = Number(type.replace("uint", ""));
  const isAmount = AMOUNTS.has(name) || (bits > NARROW_BITS && bits < 256);
  if (isAmount) return column("TEXT", "amount in the token's smallest unit, decimal", String);
  return column("INTEGER", "number", (value) => storable(value as bigint));
}

/** Numbers of honest contracts fit; what does not (a foreign coordinator may say anything) becomes the greatest that does. */
function storable(value: bigint): number {
  return Number(value > MAX_INTEGER ? MAX_INTEGER : value);
}

/** JSON of decoded values; `number` says how integers are written, by default as decimal strings. */
export function exactJson(value: AbiValue, number: (integer: bigint) => string | number = String): string {
  return JSON.stringify(value, (_, entry: unknown) => (typeof entry === "bigint" ? number(entry) : entry));
}

/** A JSON number where every reader keeps it exact, else a decimal string. */
function jsonNumber(value: bigint): string | number {
  return value <= MAX_INTEGER ? Number(value) : String(value);
}
