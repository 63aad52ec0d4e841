import type { ReactElement } from "react";
import { DraftChoice, DraftText, MoreFields } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";

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
        <DraftChoice
          form={form}
          name="strategy"
          label="Alpha is chosen by"
          options={{
            "argmax-mean": "the best mean (strategy A)",
            "min-variance": "the least variance (strategy B)",
          }}
          hint="The best mean serves most nodes; the least variance treats them alike."
        />
        <DraftChoice
          form={form}
          name="base"
          label="Each round trains from"
          options={{ global: "the global model", personalised: "each node’s personalised model" }}
        />
        <DraftText form={form} name="steps" label="Candidates of alpha (R)" hint="1 to 16" />
        <DraftText form={form} name="alphaLower" label="Lowest alpha" hint="0: the global model alone" />
        <DraftText form={form} name="alphaUpper" label="Highest alpha" hint="1: the node’s own model alone" />
        <DraftText form={form} name="initialAlpha" label="Alpha before the first choice" />
        {isRegression ? (
          <>
            <DraftText
              form={form}
              name="targetError"
              label="Mean absolute error that ends the task"
              hint="In the unit of the prediction, (value − offset) / scale. 0 for none."
            />
            <DraftText
              form={form}
              name="maeScale"
              label="Score of an error of 1"
              hint="Scores are whole numbers up to 65,535: errors times this."
            />
          </>
        ) : (
          <DraftText
            form={form}
            name="targetScore"
            label="Mean accuracy that ends the task, %"
            hint="0 for none"
          />
        )}
      </div>
      <MoreFields title="More about the candidates" form={form} fields={["grid"]}>
        <DraftChoice
          form={form}
          name="grid"
          label="Which end is a candidate"
          options={{
            "include-upper": "the highest alpha (paper 1)",
            "include-lower": "the lowest alpha (its prototype)",
          }}
        />
      </MoreFields>
    </div>
  );
}
