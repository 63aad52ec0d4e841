import { parse } from "csv-parse/sync";
import { InputError } from "@concordat/protocol/errors";
import type { DataFile } from "./dataFile.ts";

/** A table's header and rows as text. */
export interface CsvRecords {
  /** Names of the columns in the file's order; a column without a name has an empty one. */
  readonly names: readonly string[];
  readonly rows: readonly CsvRow[];
}

export interface CsvRow {
  /** The last line of the row in the file, 1-based. */
  readonly line: number;
  /** As many as there are columns. */
  readonly cells: readonly string[];
}

/**
 * Reads comma-separated values in UTF-8, with or without a byte order mark. Blank lines are no rows.
 * @throws {InputError} naming file and line for other encodings, a broken quotation, a name that stands twice, and rows of
 * another length than the header.
 */
export function readCsvRecords(file: DataFile): CsvRecords {
  const [header, ...rows] = parseRecords(file);
  if (header === undefined || rows.length === 0)
    throw new InputError(`${file.path} has no rows`, { hint: "Give a table with a header and rows" });
  const names = header.cells;
  checkHeader(file.path, header);
  const ragged = rows.find(({ cells }) => cells.length !== names.length);
  if (ragged !== undefined) {
    const { line, cells } = ragged;
    throw new InputError(
      `${file.path} line ${line} has ${cells.length} values, but its header has ${names.length} columns`,
      { hint: "Give every row the same number of values; put values that hold a comma in quotation marks" },
    );
  }
  return { names, rows };
}

function checkHeader(path: string, { line, cells }: CsvRow): void {
  const twice = cells.find((name, i) => name !== "" && cells.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new InputError(`${path} line ${line}: the column ${twice} appears twice`, {
      hint: "Rename one of them or take it out",
    });
  }
}

/** A table with other separators would be one column, whose name and cells make no sense. */
function checkSeparator(path: string, bytes: Buffer): void {
  const end = bytes.indexOf(0x0a);
  const header = bytes.subarray(0, end < 0 ? bytes.length : end).toString("utf8");
  const other = [";", "\t", "|"].find((separator) => header.includes(separator));
  if (header.includes(",") || other === undefined) return;
  const name = other === "\t" ? "tabs" : `"${other}"`;
  throw new InputError(`${path} line 1: the columns are separated by ${name}, not by commas`, {
    hint: "Write the table with commas, and decimals with a point",
  });
}

function parseRecords({ path, bytes }: DataFile): CsvRow[] {
  checkEncoding(path, bytes);
  checkSeparator(path, bytes);
  try {
    const records = parse(bytes, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${path} is not a table: ${why}`, {
      hint: "Give comma-separated values with a header",
      cause,
    });
  }
}

/** Anything but UTF-8 would turn different words into the same ones. */
function checkEncoding(path: string, bytes: Buffer): void {
  const hint = "Save it as CSV in UTF-8";
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16 || bytes.includes(0)) throw new InputError(`${path} is in UTF-16 or not text at all`, { hint });
  if (isUtf8(bytes)) return;
  // A line feed is part of no other character, so lines can be tried one by one.
  for (let start = 0, line = 1; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end;
    if (!isUtf8(bytes.subarray(start, stop)))
      throw new InputError(`${path} line ${line} is not in UTF-8`, { hint });
    start = stop + 1;
  }
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
