import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { CsvSchema } from "../../../../protocol/datasetTerms.ts";
import { InputError } from "../../../../protocol/errors.ts";
import { type DataFile, findDataFile, requireDataFile } from "../dataFile.ts";
import type { Dataset, Split } from "../dataset.ts";
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
 * @throws {InputError} naming the file and the line where a value is missing, no number, or not one of the schema's.
 */
export async function loadCsvTables(schema: CsvSchema, directory: string): Promise<Dataset> {
  const directories = [join(directory, "csv"), directory];
  const whole = await findDataFile(directories, ["data.csv"]);
  const splits =
    whole === undefined
      ? [
          readRows(await requireDataFile(directories, ["train.csv"]), schema),
          readRows(await requireDataFile(directories, ["test.csv"]), schema),
        ]
      : divide(readRows(whole, schema));
  const [train = [], test = []] = splits;
  const isRegression = schema.target.kind === "number";
  return {
    ...csvTerms(schema),
    train: splitOf(train, isRegression),
    test: splitOf(test, isRegression),
  };
}

function divide(rows: readonly Row[]): Row[][] {
  const forTests = rows.map((row) => isForTests(JSON.stringify(row)));
  return [rows.filter((_row, i) => !forTests[i]), rows.filter((_row, i) => forTests[i])];
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

function readRows(file: DataFile, schema: CsvSchema): Row[] {
  const records = readRecords(file);
  if (records.length === 0)
    throw new InputError(`${file.path} has no rows`, { hint: "Give a table with a header and rows" });
  return records.map(({ record, info: { lines } }) => {
    const cell = (name: string): string => {
      const text = record[name];
      if (text !== undefined && text !== "") return text;
      const what = text === undefined ? `has no column ${name}` : `line ${lines}: ${name} is missing`;
      throw new InputError(`${file.path} ${what}`, {
        hint: text === undefined ? "Correct its header or the schema" : "Fill it in or take the row out",
      });
    };
    const number = (name: string): number => {
      const value = Number(cell(name));
      if (Number.isFinite(value)) return value;
      throw new InputError(`${file.path} line ${lines}: ${name} is "${cell(name).slice(0, 40)}", no number`, {
        hint: "Correct the value, or call the column a category",
      });
    };
    const place = (name: string, values: readonly string[]): number => {
      const index = values.indexOf(cell(name));
      if (index >= 0) return index;
      throw new InputError(
        `${file.path} line ${lines}: ${name} is "${cell(name).slice(0, 40)}", which the schema does not know`,
        {
          hint: `Known are ${values.slice(0, 10).join(", ")}`,
        },
      );
    };
    const { target } = schema;
    return {
      features: schema.columns.flatMap((column) => {
        if (column.kind === "numeric") return [number(column.name)];
        const chosen = place(column.name, column.values);
        return column.values.map((_value, i) => (i === chosen ? 1 : 0));
      }),
      answer:
        target.kind === "class"
          ? place(target.name, target.values)
          : (number(target.name) - target.offset) / target.scale,
    };
  });
}

function readRecords({ path, bytes }: DataFile) {
  try {
    return parse(bytes, {
      bom: true,
      columns: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
    }) as unknown as {
      record: Record<string, string>;
      info: { lines: number };
    }[];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`${path} is no table: ${why}`, {
      hint: "Give comma-separated values with a header",
      cause,
    });
  }
}
