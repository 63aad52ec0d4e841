import { useEffect, useRef } from "react";
import type { ReactElement, ReactNode } from "react";
import { AreaField, CheckField, Described, SelectField, TextField } from "../../ui/Field.tsx";
import { DECIMAL, writeDecimal } from "../../ui/readDecimal.ts";
import { CHOICES } from "./draft.ts";
import type { Draft, DraftFaults, TextName } from "./draft.ts";

/** What every step of the wizard works on. */
export interface DraftForm {
  readonly draft: Draft;
  readonly faults: DraftFaults;
  readonly change: (part: Partial<Draft>) => void;
}

interface TextProps {
  readonly form: DraftForm;
  readonly name: TextName;
  readonly label: string;
  readonly hint?: string | undefined;
  /** Words rather than a number. */
  readonly words?: boolean;
  /** Several lines. */
  readonly lines?: boolean;
}

/** A field of the draft that is typed. */
export function DraftText({ form, name, label, hint, words = false, lines }: TextProps): ReactElement {
  const shared = { label, hint, value: form.draft[name], error: form.faults[name] };
  return lines === true ? (
    <AreaField {...shared} onChange={({ target }) => form.change({ [name]: target.value })} />
  ) : (
    <TextField
      {...shared}
      // The draft has points; the reader sees, and types, what the language of the browser has.
      value={words ? shared.value : writeDecimal(shared.value)}
      inputMode={words ? "text" : "decimal"}
      onChange={({ target }) =>
        form.change({ [name]: words ? target.value : target.value.replace(DECIMAL, ".") })
      }
    />
  );
}

interface ChoiceProps<Name extends keyof typeof CHOICES> {
  readonly form: DraftForm;
  readonly name: Name;
  readonly label: string;
  readonly hint?: ReactNode;
  /** How each choice is called. */
  readonly options: Readonly<Record<Draft[Name], string>>;
  /** In place of putting the choice into the draft. */
  readonly onChoice?: (value: Draft[Name]) => void;
}

/** A field of the draft that is chosen. */
export function DraftChoice<Name extends keyof typeof CHOICES>({
  form,
  name,
  label,
  hint,
  options,
  onChoice = (value) => form.change({ [name]: value } as Partial<Draft>),
}: ChoiceProps<Name>): ReactElement {
  const values = CHOICES[name] as readonly string[] as readonly Draft[Name][];
  return (
    <SelectField<Draft[Name]>
      label={label}
      hint={hint}
      error={form.faults[name]}
      value={form.draft[name]}
      options={values.map((value) => [value, options[value]] as const)}
      onChange={onChoice}
    />
  );
}

/** A field of the draft that is yes or no. */
export function DraftCheck({
  form,
  name,
  label,
}: {
  readonly form: DraftForm;
  readonly name: "strict" | "penaliseUnavailable" | "penaliseSilent";
  readonly label: string;
}): ReactElement {
  return (
    <CheckField
      label={label}
      checked={form.draft[name] === "yes"}
      onChange={(checked) => form.change({ [name]: checked ? "yes" : "no" })}
    />
  );
}

/** Fields that few publishers change, open where one of them is to be corrected. */
export function MoreFields({
  title,
  form,
  fields,
  children,
}: {
  readonly title: string;
  readonly form: DraftForm;
  readonly fields: readonly (keyof Draft)[];
  readonly children: ReactNode;
}): ReactElement {
  const details = useRef<HTMLDetailsElement>(null);
  const hasFault = fields.some((field) => form.faults[field] !== undefined);
  useEffect(() => {
    // Never closed from here: somebody may be typing.
    if (hasFault && details.current !== null) details.current.open = true;
  }, [hasFault]);
  return (
    <details ref={details}>
      <summary>{title}</summary>
      <div className="grid-2">{children}</div>
    </details>
  );
}

/** Files above this are no description of a model or a table. */
const MAX_FILE_BYTES = 1 << 20;

/** Reads a small text file of the reader's. */
export function FileField({
  label,
  hint,
  error,
  onText,
  onTooLarge,
}: {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly onText: (text: string, name: string) => void;
  readonly onTooLarge: (sentence: string) => void;
}): ReactElement {
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    if (file.size > MAX_FILE_BYTES)
      onTooLarge(`${file.name} is larger than 1 MiB, which a manifest may have`);
    else onText(await file.text(), file.name);
  };
  return (
    <Described label={label} hint={hint} error={error}>
      {(control) => (
        <input
          {...control}
          type="file"
          accept=".json,application/json"
          onChange={({ target }) => {
            void read(target.files?.[0]);
            // The same file can be chosen again after it was corrected.
            target.value = "";
          }}
        />
      )}
    </Described>
  );
}
