import { useState } from "react";
import type { ReactElement } from "react";
import { AreaField, SelectField, TextField } from "#ui/Field.tsx";
import { Button, Notice } from "#ui/parts.tsx";
import { FileField } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";
import { NEW_COLUMN, parseTable, readSchemaFile } from "./tableDraft.ts";
import type { ColumnDraft, TableDraft } from "./tableDraft.ts";

/** What the columns of a table mean, as schema.json says it beside nodes' files. */
export function TableFields({ form }: { readonly form: DraftForm }): ReactElement {
  const table = parseTable(form.draft.table);
  const [problem, setProblem] = useState<string>();
  const put = (next: TableDraft): void => form.change({ table: JSON.stringify(next) });
  const putColumn = (index: number, part: Partial<ColumnDraft>): void =>
    put({
      ...table,
      columns: table.columns.map((column, i) => (i === index ? { ...column, ...part } : column)),
    });
  return (
    <div className="stack">
      <FileField
        label="Read the columns from a schema.json"
        hint="The file that stands beside nodes’ tables; or describe the columns below."
        error={problem}
        onTooLarge={setProblem}
        onText={(text) => {
          const read = readSchemaFile(text);
          setProblem(typeof read === "string" ? read : undefined);
          if (typeof read !== "string") put(read);
        }}
      />
      {form.faults.table !== undefined && (
        <Notice tone="wait">
          <p>{form.faults.table}.</p>
        </Notice>
      )}
      {table.columns.map((column, index) => (
        <fieldset key={index} className="grid-3">
          <legend className="field-label">Column {index + 1}</legend>
          <TextField
            label={`Name of column ${index + 1}`}
            value={column.name}
            onChange={({ target }) => putColumn(index, { name: target.value })}
          />
          <SelectField
            label={`Column ${index + 1} holds`}
            value={column.kind}
            options={[
              ["numeric", "numbers"],
              ["category", "one of several values"],
            ]}
            onChange={(kind) => putColumn(index, { kind })}
          />
          {column.kind === "category" && (
            <AreaField
              label={`Values of column ${index + 1}, one a line`}
              value={column.values}
              onChange={({ target }) => putColumn(index, { values: target.value })}
            />
          )}
          <div className="align-end">
            <Button
              small
              aria-label={`Remove column ${index + 1}`}
              onClick={() => put({ ...table, columns: table.columns.filter((_column, i) => i !== index) })}
            >
              Remove
            </Button>
          </div>
        </fieldset>
      ))}
      <div>
        <Button onClick={() => put({ ...table, columns: [...table.columns, NEW_COLUMN] })}>
          Add a column
        </Button>
      </div>
      <TargetFields table={table} put={put} />
    </div>
  );
}

function TargetFields({
  table,
  put,
}: {
  readonly table: TableDraft;
  readonly put: (next: TableDraft) => void;
}): ReactElement {
  const { target } = table;
  const change = (part: Partial<TableDraft["target"]>): void =>
    put({ ...table, target: { ...target, ...part } });
  return (
    <fieldset className="grid-3">
      <legend className="field-label">What is predicted</legend>
      <TextField
        label="Name of the column to predict"
        value={target.name}
        onChange={(event) => change({ name: event.target.value })}
      />
      <SelectField
        label="It is"
        value={target.kind}
        options={[
          ["class", "one of several classes"],
          ["number", "a number"],
        ]}
        onChange={(kind) => change({ kind })}
      />
      {target.kind === "class" ? (
        <AreaField
          label="Its classes, one a line"
          value={target.values}
          onChange={(event) => change({ values: event.target.value })}
        />
      ) : (
        <>
          <TextField
            label="Offset"
            hint="A model predicts (value − offset) / scale, and errors are measured in that unit."
            inputMode="decimal"
            value={target.offset}
            onChange={(event) => change({ offset: event.target.value })}
          />
          <TextField
            label="Scale"
            inputMode="decimal"
            value={target.scale}
            onChange={(event) => change({ scale: event.target.value })}
          />
        </>
      )}
    </fieldset>
  );
}
