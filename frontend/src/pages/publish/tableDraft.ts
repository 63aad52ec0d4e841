import type { CsvSchema } from "@concordat/protocol/manifest/datasetTerms";
import { csvSchema } from "@concordat/protocol/manifest/datasetTerms";

/** A column while it is described; its values stand one a line. */
export interface ColumnDraft {
  readonly kind: "numeric" | "category";
  readonly name: string;
  readonly values: string;
}

/** What the columns of a table mean, while it is being filled in. */
export interface TableDraft {
  readonly columns: readonly ColumnDraft[];
  readonly target: {
    readonly kind: "class" | "number";
    readonly name: string;
    readonly values: string;
    readonly offset: string;
    readonly scale: string;
  };
}

export const NEW_COLUMN: ColumnDraft = { kind: "numeric", name: "", values: "" };
const NEW_TABLE: TableDraft = {
  columns: [NEW_COLUMN],
  target: { kind: "class", name: "", values: "", offset: "0", scale: "1" },
};
export const EMPTY_TABLE = JSON.stringify(NEW_TABLE);

/** The table in a draft's text; a new one where that is of another form. */
export function parseTable(text: string): TableDraft {
  try {
    const { columns, target } = JSON.parse(text) as Partial<TableDraft>;
    if (!Array.isArray(columns) || typeof target !== "object") return NEW_TABLE;
    return {
      columns: columns.map((column) => ({ ...NEW_COLUMN, ...onlyTexts(column) })) as ColumnDraft[],
      target: { ...NEW_TABLE.target, ...onlyTexts(target) },
    };
  } catch {
    return NEW_TABLE;
  }
}

/** The lines that say something. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The schema that a table describes; a sentence where something is missing. */
export function tableSchema({ columns, target }: TableDraft): CsvSchema | string {
  const nameless = columns.findIndex(({ name }) => name.trim() === "");
  if (columns.length === 0) return "Describe at least one column that a model sees";
  if (nameless >= 0) return `Give column ${nameless + 1} the name that stands in the header line`;
  if (target.name.trim() === "") return "Name the column to predict";
  const unlisted = [...columns, target].find(
    ({ kind, values }) => (kind === "category" || kind === "class") && linesOf(values).length < 2,
  );
  if (unlisted !== undefined) return `List at least two values of “${unlisted.name.trim()}”, one a line`;
  if (target.kind === "number" && !(isNumber(target.offset) && Number(target.scale) > 0)) {
    return "Give the offset as a number, and the scale as a number above 0";
  }
  const result = csvSchema.safeParse({
    columns: columns.map(({ kind, name, values }) =>
      kind === "numeric" ? { kind, name: name.trim() } : { kind, name: name.trim(), values: linesOf(values) },
    ),
    target:
      target.kind === "class"
        ? { kind: target.kind, name: target.name.trim(), values: linesOf(target.values) }
        : {
            kind: target.kind,
            name: target.name.trim(),
            offset: Number(target.offset),
            scale: Number(target.scale),
          },
  });
  return result.success ? result.data : firstIssue(result.error);
}

/** The table that a schema.json describes (docs/data.md); a sentence where it describes none. */
export function readSchemaFile(text: string): TableDraft | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "The file is not JSON";
  }
  const result = csvSchema.safeParse(value);
  if (!result.success) return `The file does not describe a table: ${firstIssue(result.error)}`;
  const { columns, target } = result.data;
  return {
    columns: columns.map((column) => ({
      ...NEW_COLUMN,
      ...column,
      values: column.kind === "category" ? column.values.join("\n") : "",
    })),
    target:
      target.kind === "class"
        ? { ...NEW_TABLE.target, ...target, values: target.values.join("\n") }
        : {
            ...NEW_TABLE.target,
            ...target,
            offset: String(target.offset),
            scale: String(target.scale),
          },
  };
}

function firstIssue({
  issues: [issue],
}: {
  issues: readonly { path: PropertyKey[]; message: string }[];
}): string {
  return `${issue?.path.map(String).join(".") || "schema"}: ${issue?.message ?? "invalid"}`;
}

function isNumber(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

function onlyTexts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}
