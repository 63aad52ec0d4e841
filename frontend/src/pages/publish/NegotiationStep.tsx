import type { ReactElement } from "react";
import { MoreFields } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";
import { TermField, TermFields } from "./TermField.tsx";

/** How the mixing weight alpha is chosen, and which score ends the task. */
export function NegotiationStep({
  form,
  isRegression,
}: {
  readonly form: DraftForm;
  readonly isRegression: boolean;
}): ReactElement {
  return (
    <div className="stack">
      <div className="grid-2">
        <TermFields
          form={form}
          names={[
            "strategy",
            "trainingBase",
            "negotiationSteps",
            "alphaLowerBps",
            "alphaUpperBps",
            "initialAlphaBps",
            ...(isRegression ? (["targetError", "maeScale"] as const) : (["targetScore"] as const)),
          ]}
        />
      </div>
      <MoreFields title="More about the candidates" form={form} fields={["alphaGrid"]}>
        <TermField form={form} name="alphaGrid" />
      </MoreFields>
    </div>
  );
}
