import type { ReactElement } from "react";
import { useFederationState } from "#chain/useFederation.ts";
import { count } from "#ui/format.ts";
import type { DraftForm } from "./DraftFields.tsx";
import { TermField, TermFields } from "./TermField.tsx";

/** Who takes part, who decides, and which faults are borne. */
export function CommitteeStep({ form }: { readonly form: DraftForm }): ReactElement {
  const { federation } = useFederationState();
  const members = [...federation.nodes.values()].filter(({ isMember }) => isMember).length;
  return (
    <div className="grid-2">
      <TermField
        form={form}
        name="minNodes"
        more={
          Number(form.draft.minNodes) > members
            ? `This network has ${count(members, "node")}: the task cannot start before more are admitted.`
            : `This network has ${count(members, "node")}.`
        }
      />
      <TermFields
        form={form}
        names={[
          "maxNodes",
          "quorumBps",
          "gammaBps",
          "electionMode",
          "aggregationRule",
          "byzantineBound",
          "maxSamples",
        ]}
      />
    </div>
  );
}
