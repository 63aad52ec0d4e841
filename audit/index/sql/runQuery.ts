import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { stringify } from "csv-stringify/sync";

/** A question in SQL with its parameters: `?` or `?1` by an array, `:name` by an object. */
export interface SqlQuestion {
  readonly sql: string;
  readonly parameters: readonly Parameter[] | Readonly<Record<string, Parameter>>;
  readonly format: "json" | "csv";
}
type Parameter = string | number | null;

/** What a result may have. What is beyond is left out, and the answer says so. */
export interface ResultLimits {
  readonly rows: number;
  /** Of the formatted result. */
  readonly bytes: number;
}

/** A formatted result. */
export interface SqlAnswer {
  readonly body: Uint8Array;
  readonly rows: number;
  /** Whether a limit cut the result off. */
  readonly isTruncated: boolean;
}

/** A value as an answer has it: exact integers beyond 2^53 as decimal strings, bytes as hex. */
type PlainValue = string | number | null;

/**
 * Runs one statement. JSON is {columns, rows: [[...]], truncated}; CSV has a heading, and values that a spreadsheet would
 * take for a formula are quoted.
 * @throws an error of SQLite, or one that says what is wrong with the question.
 */
export function runQuery(database: DatabaseSync, question: SqlQuestion, limits: ResultLimits): SqlAnswer {
  const statement = database.prepare(question.sql);
  if (hasMore(question.sql.slice(statement.sourceSQL.length))) {
    throw new Error("there is more than one statement");
  }
  const columns = statement.columns().map(({ name }) => name);
  const { parameters } = question;
  const found = (Array.isArray(parameters)
    ? statement.iterate(...(parameters as Parameter[]))
    : statement.iterate(parameters as Record<string, Parameter>)) as Iterable<unknown> as Iterable<
    SQLOutputValue[]
  >;
  const rows: PlainValue[][] = [];
  let bytes = 0;
  let isTruncated = false;
  for (const values of found) {
    const row = values.map(plain);
    bytes += row.reduce<number>((sum, value) => sum + String(value).length + 4, 2);
    isTruncated = rows.length === limits.rows || bytes > limits.bytes;
    if (isTruncated) break;
    rows.push(row);
  }
  const text =
    question.format === "json"
      ? `${JSON.stringify({ columns, rows, truncated: isTruncated })}\n`
      : stringify([columns, ...rows], { escape_formulas: true });
  return { body: Buffer.from(text), rows: rows.length, isTruncated };
}

/** Whether anything but white space, comments and semicolons is left. */
function hasMore(rest: string): boolean {
  return rest.replaceAll(/--.*$|\/\*[^]*?\*\/|[\s;]/gm, "") !== "";
}

function plain(value: SQLOutputValue): PlainValue {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString("hex")}` : value;
}
