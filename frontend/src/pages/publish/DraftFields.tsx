import { useEffect, useRef } from "react";
import type { ReactElement, ReactNode } from "react";
import { AreaField, Described, SelectField, TextField } from "#ui/Field.tsx";
import { OWN_CHOICES } from "./draft.ts";
import type { Draft, DraftFaults, TextName, TextTermName } from "./draft.ts";

/** What every step of the wizard works on. */
export interface DraftForm {
  readonly draft: Draft;
  readonly faults: DraftFaults;
  readonly change: (part: Partial<Draft>) => void;
}

interface TextProps {
  readonly form: DraftForm;
  readonly name: Exclude<TextName, TextTermName>;
  readonly label: string;
  readonly hint?: string | undefined;
  /** Several lines. */
  readonly lines?: boolean;
}

/** A field of the draft that is typed, and is no term of its own. */
export function DraftText({ form, name, label, hint, lines }: TextProps): ReactElement {
  const shared = { label, hint, value: form.draft[name], error: form.faults[name] };
  return lines === true ? (
    <AreaField {...shared} onChange={({ target }) => form.change({ [name]: target.value })} />
  ) : (
    <TextField
      {...shared}
      inputMode="numeric"
      onChange={({ target }) => form.change({ [name]: target.value })}
    />
  );
}

interface ChoiceProps<Name extends keyof typeof OWN_CHOICES> {
  readonly form: DraftForm;
  readonly name: Name;
  readonly label: string;
  readonly hint?: ReactNode;
  /** How each choice is called. */
  readonly options: Readonly<Record<Draft[Name], string>>;
}

/** A field of the draft that is chosen, and is no term of its own. */
export function DraftChoice<Name extends keyof typeof OWN_CHOICES>({
  form,
  name,
  label,
  hint,
  options,
}: ChoiceProps<Name>): ReactElement {
  const values = OWN_CHOICES[name] as readonly string[] as readonly Draft[Name][];
  return (
    <SelectField<Draft[Name]>
      label={label}
      hint={hint}
      error={form.faults[name]}
      value={form.draft[name]}
      options={values.map((value) => [value, options[value]] as const)}
      onChange={(value) => form.change({ [name]: value } as Partial<Draft>)}
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
