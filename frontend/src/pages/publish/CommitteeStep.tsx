import type { ReactElement } from "react";
import { useFederationState } from "../../chain/useFederation.ts";
import { count } from "../../ui/format.ts";
import { DraftChoice, DraftText } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";

/** Who takes part, who decides, and which faults are borne. */
export function CommitteeStep({ form }: { readonly form: DraftForm }): ReactElement {
  const { world } = useFederationState();
  const members = [...world.nodes.values()].filter(({ isMember }) => isMember).length;
  return (
    <div className="grid-2">
      <DraftText
        form={form}
        name="minNodes"
        label="Nodes at least"
        hint={
          Number(form.draft.minNodes) > members
            ? `This network has ${count(members, "node")}: the task cannot start before more are admitted.`
            : `This network has ${count(members, "node")}.`
        }
      />
      <DraftText form={form} name="maxNodes" label="Nodes at most" />
      <DraftText form={form} name="quorum" label="Quorum, % of the active nodes" />
      <DraftText form={form} name="gamma" label="Committee, % of the nodes" />
      <DraftChoice
        form={form}
        name="election"
        label="Election"
        options={{
          "model-hash-mixed": "previous model and a later block’s hash",
          "model-hash": "previous model alone (paper 1)",
        }}
        hint="With the model alone, whoever makes the last aggregate can steer who leads next."
      />
      <DraftChoice
        form={form}
        name="rule"
        label="Aggregation rule"
        options={{
          fedavg: "FedAvg: the mean, weighted by samples",
          krum: "Krum: the one closest to its neighbours",
          multiKrum: "Multi-Krum: the mean of those close to their neighbours",
          median: "median of each weight",
          trimmedMean: "trimmed mean of each weight",
        }}
      />
      <DraftText
        form={form}
        name="byzantineBound"
        label="Faulty updates tolerated (f)"
        hint="Krum rules need 2f + 3 updates, the trimmed mean 2f + 1."
      />
      <DraftText form={form} name="maxSamples" label="Samples that count for one node at most" />
    </div>
  );
}
