import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { TaskManifest } from "../../../../protocol/manifest.ts";
import { bytes, count } from "../../ui/format.ts";
import { Notice } from "../../ui/parts.tsx";
import { draftCompression } from "./draftContent.ts";
import { DraftChoice, DraftText, MoreFields } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";

/** How nodes train, how large their updates are, and how long everything may take. */
export function TrainingStep({
  form,
  model,
}: {
  readonly form: DraftForm;
  readonly model: TaskManifest["model"] | undefined;
}): ReactElement {
  const { draft } = form;
  return (
    <div className="stack">
      <div className="grid-2">
        <DraftText form={form} name="rounds" label="Rounds (T)" />
        <DraftText form={form} name="hours" label="Hours until no further round starts" />
        <DraftText form={form} name="localEpochs" label="Local passes per round (E)" />
        <DraftText form={form} name="batchSize" label="Batch size (B)" />
        <DraftText form={form} name="learningRate" label="Learning rate" />
        <DraftText form={form} name="momentum" label="Momentum" />
        <DraftText
          form={form}
          name="trainingMinutes"
          label="Minutes to train, at most"
          hint="Phases end early when all have acted."
        />
        <DraftText form={form} name="aggregationMinutes" label="Minutes to aggregate, at most" />
        <DraftText form={form} name="negotiationMinutes" label="Minutes to score, at most" />
      </div>
      <div className="grid-2">
        <DraftChoice
          form={form}
          name="compression"
          label="Updates are sent"
          options={{
            none: "whole: every weight as it is",
            "top-k": "the greatest changes alone",
            quantised: "every change, in 8 bits",
            "top-k-quantised": "the greatest changes alone, in 8 bits",
          }}
          hint="What is left out of an update is kept by its node and added to the next one."
        />
        {draft.compression.startsWith("top-k") && (
          <DraftText form={form} name="keep" label="Changes that are kept, % of the weights" />
        )}
      </div>
      {model !== undefined && <TrafficNote form={form} model={model} />}
      <MoreFields
        title="More about the clock"
        form={form}
        fields={[
          "startMinutes",
          "fetchMinutes",
          "objectionMinutes",
          "slotMinutes",
          "disputeHours",
          "attempts",
          "voids",
        ]}
      >
        <DraftText form={form} name="startMinutes" label="Minutes until it may start" />
        <DraftText
          form={form}
          name="fetchMinutes"
          label="Minutes to fetch updates"
          hint="Part of the aggregation. Left empty: 35 % of it."
        />
        <DraftText
          form={form}
          name="objectionMinutes"
          label="Minutes to object"
          hint="Part of the aggregation, in which members hand over updates that were left out. Left empty: 15 % of it."
        />
        <DraftText
          form={form}
          name="slotMinutes"
          label="Minutes before the next member may propose"
          hint="Left empty: 15 % of the aggregation."
        />
        <DraftText form={form} name="attempts" label="Committees that may try in a round" />
        <DraftText
          form={form}
          name="voids"
          label="Void rounds in a row that end the task"
          hint="What nobody earned then comes back to you."
        />
        <DraftText
          form={form}
          name="disputeHours"
          label="Hours after the end in which stake can be slashed"
        />
      </MoreFields>
    </div>
  );
}

/** What a round costs on the wire. */
function TrafficNote({
  form: { draft, faults },
  model,
}: {
  readonly form: DraftForm;
  readonly model: TaskManifest["model"];
}): ReactElement | null {
  const compression = draftCompression(draft);
  const nodes = Number(draft.maxNodes);
  const gammaBps = Math.round(Number(draft.gamma) * 100);
  const isUsable = [faults.keep, faults.maxNodes, faults.gamma].every((fault) => fault === undefined);
  const shapes = model.tensors.map(({ name, shape }) => `${name} ${shape.join("x")}`);
  const { data } = useQuery({
    queryKey: ["published traffic", shapes, compression, nodes, gammaBps],
    enabled: isUsable,
    staleTime: Infinity,
    queryFn: async () => {
      const { traffic } = await import("./traffic.ts");
      return traffic(model.tensors, compression, { nodes, gammaBps });
    },
  });
  if (data === undefined || !isUsable) return null;
  const { update, whole, trainer, member } = data;
  const share = update === whole ? "" : ` instead of ${bytes(whole)}`;
  return (
    <Notice>
      <p>
        One update: <strong>{bytes(update)}</strong>
        {share}.
      </p>
      <p>
        In a round of {count(data.nodes, "node")} each one sends about {bytes(trainer.up)} and receives{" "}
        {bytes(trainer.down)}; a member of the committee sends {bytes(member.up)} and receives{" "}
        {bytes(member.down)}, at most.
      </p>
    </Notice>
  );
}
