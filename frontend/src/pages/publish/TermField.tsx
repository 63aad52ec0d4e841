import { Fragment } from "react";
import type { ReactElement, ReactNode } from "react";
import { TERMS, termOf } from "@concordat/protocol/terms/terms";
import { AreaField, CheckField, SelectField, TextField } from "#ui/Field.tsx";
import { DECIMAL, writeDecimal } from "#ui/readDecimal.ts";
import type { DraftForm } from "./DraftFields.tsx";
import type { ChoiceTermName, Draft, FieldTerm, FlagTermName, TextTermName } from "./draft.ts";
import { fieldHint, fieldLabel, shownText, typedText } from "./fieldUnit.ts";

interface Props {
  readonly form: DraftForm;
  readonly name: FieldTerm;
  /** In place of what the table of terms says. */
  readonly label?: string;
  /** Said after the term's sentence. */
  readonly more?: ReactNode;
  /** In place of putting a choice into the draft. */
  readonly onChoice?: (value: string) => void;
}

/** The field of a term, as the table of terms describes it. */
export function TermField(props: Props): ReactElement {
  const { form, name } = props;
  switch (termOf(name).kind) {
    case "choice":
      return <ChoiceField {...props} name={name as ChoiceTermName} />;
    case "flag":
      return (
        <CheckField
          label={`${fieldLabel(name)}: ${fieldHint(name).replace(/^An?\b/, (word) => word.toLowerCase())}`}
          checked={form.draft[name as FlagTermName] === "yes"}
          onChange={(checked) => form.change({ [name]: checked ? "yes" : "no" })}
        />
      );
    case "text":
    case "account":
      return <TypedField {...props} name={name as TextTermName} isWords />;
    default:
      return <TypedField {...props} name={name as TextTermName} isWords={false} />;
  }
}

/** The fields of several terms. */
export function TermFields({
  form,
  names,
}: {
  readonly form: DraftForm;
  readonly names: readonly FieldTerm[];
}): ReactElement {
  return (
    <>
      {names.map((name) => (
        <TermField key={name} form={form} name={name} />
      ))}
    </>
  );
}

function TypedField({
  form,
  name,
  label = fieldLabel(name),
  more,
  isWords,
}: Props & { readonly name: TextTermName; readonly isWords: boolean }): ReactElement {
  const text = form.draft[name];
  if (termOf(name).field?.hasLines === true) {
    return (
      <AreaField
        label={label}
        hint={hintWith(name, more)}
        error={form.faults[name]}
        value={text}
        onChange={({ target }) => form.change({ [name]: target.value })}
      />
    );
  }
  return (
    <TextField
      label={label}
      hint={hintWith(name, more)}
      error={form.faults[name]}
      // The draft has points and units; the reader sees, and types, what the language of the browser has.
      value={isWords ? text : writeDecimal(shownText(name, text))}
      inputMode={isWords ? "text" : "decimal"}
      onChange={({ target }) =>
        form.change({ [name]: isWords ? target.value : typedText(name, target.value.replace(DECIMAL, ".")) })
      }
    />
  );
}

function ChoiceField({
  form,
  name,
  label = fieldLabel(name),
  more,
  onChoice = (value) => form.change({ [name]: value } as Partial<Draft>),
}: Props & { readonly name: ChoiceTermName }): ReactElement {
  const choices: Readonly<Record<string, { readonly words: string }>> = TERMS[name].choices;
  return (
    <SelectField<string>
      label={label}
      hint={hintWith(name, more)}
      error={form.faults[name]}
      value={form.draft[name]}
      options={Object.entries(choices).map(([value, { words }]) => [value, words] as const)}
      onChange={onChoice}
    />
  );
}

function hintWith(name: FieldTerm, more: ReactNode): ReactNode {
  return more === undefined || more === false ? (
    fieldHint(name)
  ) : (
    <Fragment>
      {fieldHint(name)} {more}
    </Fragment>
  );
}
