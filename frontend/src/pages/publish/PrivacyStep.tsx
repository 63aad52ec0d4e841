import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { Failed } from "#app/Failed.tsx";
import { Notice } from "#ui/parts.tsx";
import { DraftChoice } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";
import { isByBudget, privacyFields, privacyRequest } from "./draftPrivacy.ts";
import { guaranteeWords } from "./guaranteeWords.ts";
import { privacyQuery } from "./privacyQuery.ts";
import { STEPS } from "./steps.ts";
import { TermField } from "./TermField.tsx";

/** How updates are made private, and what that promises. */
export function PrivacyStep({
  form,
  dataset,
}: {
  readonly form: DraftForm;
  readonly dataset: DatasetTerms | undefined;
}): ReactElement {
  const { draft, faults } = form;
  const fields = privacyFields(draft);
  const hasFault = [...STEPS[1][1], ...STEPS[4][1], "maxSamples" as const].some(
    (field) => faults[field] !== undefined,
  );
  return (
    <div className="stack">
      <Notice>
        <p>
          Records never leave the nodes. Their updates do, and can tell something about the records behind
          them.
        </p>
      </Notice>
      <div className="grid-2">
        <TermField form={form} name="privacy" />
        {(draft.privacy === "dp-sgd" || draft.privacy === "gaussian-update") && (
          <DraftChoice
            form={form}
            name="noiseBy"
            label="The noise is"
            options={{ noise: "what I name", budget: "what a budget for the whole task needs" }}
          />
        )}
        {fields.map((field) =>
          field === "epsilon" ? (
            <TermField
              key={field}
              form={form}
              name="epsilon"
              label={
                isByBudget(draft) ? "Epsilon of the whole task, at most" : "Epsilon, as the paper counts it"
              }
              more={!isByBudget(draft) && "What really holds is said below."}
            />
          ) : (
            <TermField key={field} form={form} name={field} />
          ),
        )}
        {fields.length > 0 && <TermField form={form} name="records" />}
      </div>
      {fields.length > 0 && dataset !== undefined && !hasFault && (
        <GuaranteeNote form={form} dataset={dataset} />
      )}
    </div>
  );
}

function GuaranteeNote({
  form: { draft },
  dataset,
}: {
  readonly form: DraftForm;
  readonly dataset: DatasetTerms;
}): ReactElement {
  const { data, error } = useQuery(privacyQuery(privacyRequest(draft, dataset)));
  if (error !== null) return <Failed error={error} />;
  if (data === undefined) {
    return (
      <Notice tone="wait">
        <p>Counting what the whole task spends, which takes some seconds…</p>
      </Notice>
    );
  }
  return (
    <Notice>
      {guaranteeWords(data).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </Notice>
  );
}
