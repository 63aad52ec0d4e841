import Table from "cli-table3";
import pc from "picocolors";

/** Colours only where a person reads: a terminal that does not ask for none (https://no-color.org). */
export function colours(stream: NodeJS.WriteStream = process.stdout): ReturnType<typeof pc.createColors> {
  // A boolean, since picocolors takes undefined as "decide yourself", and then colours pipes where CI is set.
  const wanted = stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  return pc.createColors(wanted);
}

/** Writes a line to standard output. */
export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}

/** Writes a line about the work itself, which no script reads, to standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Writes a value as JSON: one line a call, integers beyond 2^53 as strings. */
export function printJson(value: unknown): void {
  print(toJson(value));
}

/** JSON of a value that may hold big integers, which become decimal strings. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_, entry: unknown) => (typeof entry === "bigint" ? entry.toString() : entry),
    indent,
  );
}

const PLAIN = {
  top: "", "top-mid": "", "top-left": "", "top-right": "",
  bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "",
  left: "", "left-mid": "", mid: "", "mid-mid": "",
  right: "", "right-mid": "", middle: "  ",
}; // prettier-ignore

/** A column: its heading and on which side its cells stand. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** Rows in aligned columns under a heading, without borders: reads well, and splits well at two spaces. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (string | number | bigint)[])[],
): string {
  const { bold } = colours();
  const lines = new Table({
    chars: PLAIN,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colAligns: columns.map(({ align = "left" }) => align),
  });
  lines.push(
    columns.map(({ head }) => bold(head)),
    ...rows.map((row) => row.map(String)),
  );
  return lines
    .toString()
    .split("\n")
    .map((line) => `  ${line}`.trimEnd())
    .join("\n");
}

/** Names and values under each other. */
export function pairs(
  entries: readonly (readonly [name: string, value: string | number | bigint])[],
): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}
