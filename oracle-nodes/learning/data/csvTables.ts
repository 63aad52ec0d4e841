import { join } from "node:path";
import type { CsvSchema } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { type DataFile, findDataFile, requireDataFile } from "./dataFile.ts";
import type { Dataset, Split } from "./dataset.ts";
import { readCsvRecords } from "./csvRecords.ts";
import { namesOf } from "./dataReport.ts";
import { holdable, losesDigits, readDecimal } from "./decimalNumber.ts";
import { csvTerms } from "./ownTerms.ts";
import { isForTests } from "./stableSplit.ts";

/** A row as numbers. */
interface Row {
  readonly features: readonly number[];
  /** Class or number to predict. */
  readonly answer: number;
}

/**
 * Loads tables with a header line: train.csv and test.csv, or data.csv, of which about one row in five is for tests, chosen
 * by the row's own content.
 * @throws {InputError} naming the file and the line where a value is missing, no number that float32 holds, or not one of the
 * schema's, or where a column stands twice.
 */
export async function loadCsvTables(schema: CsvSchema, directory: string): Promise<Dataset> {
  const directories = [join(directory, "csv"), directory];
  const whole = await findDataFile(directories, ["data.csv"]);
  const isRegression = schema.target.kind === "number";
  const dataset = (train: readonly Row[], test: readonly Row[], notes: readonly string[]): Dataset => ({
    ...csvTerms(schema),
    train: splitOf(train, isRegression),
    test: splitOf(test, isRegression),
    report: { notes, skipped: [] },
  });
  if (whole !== undefined) {
    const { rows, notes } = readRows(whole, schema);
    const forTests = rows.map((row) => isForTests(JSON.stringify(row)));
    const part = (isTest: boolean) => rows.filter((_row, i) => forTests[i] === isTest);
    return dataset(part(false), part(true), notes);
  }
  const train = readRows(await requireDataFile(directories, ["train.csv"]), schema);
  const test = readRows(await requireDataFile(directories, ["test.csv"]), schema);
  return dataset(train.rows, test.rows, [...train.notes, ...test.notes]);
}

function splitOf(rows: readonly Row[], isRegression: boolean): Split {
  const answers = rows.map(({ answer }) => answer);
  return {
    features: Float32Array.from(rows.flatMap(({ features }) => features)),
    labels: isRegression ? new Uint16Array(rows.length) : Uint16Array.from(answers),
    ...(isRegression && { targets: Float32Array.from(answers) }),
    count: rows.length,
  };
}

/** What a file's rows say, and what of the file was left alone. */
interface Table {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

function readRows(file: DataFile, schema: CsvSchema): Table {
  const { names, rows } = readCsvRecords(file);
  const places = new Map(names.map((name, place) => [name, place]));
  /** Cells of each column whose whole numbers float32 rounds, and those of which it makes 0. */
  const rounded = new Map<string, number>();
  const vanished = new Map<string, number>();
  const countOne = (counts: Map<string, number>, name: string) =>
    counts.set(name, (counts.get(name) ?? 0) + 1);
  const placeOf = (name: string): number => {
    const place = places.get(name);
    if (place !== undefined) return place;
    throw new InputError(`${file.path} has no column ${name}`, { hint: "Correct its header or the schema" });
  };
  const { target } = schema;
  const wanted = [...schema.columns, target].map(({ name }) => ({ name, place: placeOf(name) }));
  const read = rows.map(({ line, cells }): Row => {
    const fail = (name: string, what: string, hint: string): never => {
      throw new InputError(`${file.path} line ${line}: ${name} ${what}`, { hint });
    };
    const texts = new Map(wanted.map(({ name, place }) => [name, cells[place] ?? ""]));
    const cell = (name: string): string =>
      texts.get(name) || fail(name, "is missing", "Fill it in or take the row out");
    const number = (name: string): number => {
      const found = readDecimal(cell(name));
      if ("problem" in found) return fail(name, `is ${quoted(cell(name))}, ${found.problem}`, found.hint);
      if (found.isVanished) countOne(vanished, name);
      return found.value;
    };
    const feature = (name: string): number => {
      const value = number(name);
      if (losesDigits(value)) countOne(rounded, name);
      return value;
    };
    const category = (name: string, values: readonly string[]): number => {
      const index = values.indexOf(cell(name));
      if (index >= 0) return index;
      const known = `Use one that it knows, such as ${values.slice(0, 10).join(", ")}`;
      return fail(name, `is ${quoted(cell(name))}, which the schema does not know`, known);
    };
    const answer = (): number => {
      if (target.kind === "class") return category(target.name, target.values);
      const found = holdable((number(target.name) - target.offset) / target.scale);
      if ("value" in found) return found.value;
      const what = `is ${quoted(cell(target.name))}, with the schema's offset and scale ${found.problem}`;
      return fail(target.name, what, "Correct the value, or offset and scale in the schema");
    };
    return {
      features: schema.columns.flatMap((column) => {
        if (column.kind === "numeric") return [feature(column.name)];
        const chosen = category(column.name, column.values);
        return column.values.map((_value, i) => (i === chosen ? 1 : 0));
      }),
      answer: answer(),
    };
  });
  const notes = [
    ...unusedNotes(names, wanted),
    ...countNotes(rounded, "whole numbers beyond 16777216, which float32 rounds to about seven digits"),
    ...countNotes(vanished, "numbers nearer to 0 than 1.2e-38, which float32 treats as 0"),
  ].map((note) => `${file.path}: ${note}`);
  return { rows: read, notes };
}

function unusedNotes(names: readonly string[], wanted: readonly { readonly name: string }[]): string[] {
  const used = new Set(wanted.map(({ name }) => name));
  const unused = names.filter((name) => !used.has(name)).map((name) => name || "(without a name)");
  if (unused.length === 0) return [];
  return [`ignored, since the schema does not name them: ${namesOf(unused, 20)}`];
}

function countNotes(counts: ReadonlyMap<string, number>, what: string): string[] {
  return [...counts].map(([name, count]) => `${name} has ${count} ${what}`);
}

function quoted(text: string): string {
  return `"${text.slice(0, 40)}"`;
}
