import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { bytes, count } from "#ui/format.ts";
import { Notice } from "#ui/parts.tsx";
import { draftCompression } from "./draftContent.ts";
import { MoreFields } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";
import { draftNumber } from "./draftNumber.ts";
import { TermField, TermFields } from "./TermField.tsx";

/** What few publishers change about the clock. */
const RARE_CLOCK = [
  "startTime",
  "fetchSeconds",
  "objectionSeconds",
  "slotSeconds",
  "maxAttempts",
  "maxVoidRounds",
  "disputeWindowSeconds",
] as const;

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
        <TermFields
          form={form}
          names={[
            "rounds",
            "timeLimit",
            "localEpochs",
            "batchSize",
            "learningRate",
            "momentum",
            "trainingSeconds",
            "aggregationSeconds",
            "negotiationSeconds",
          ]}
        />
      </div>
      <div className="grid-2">
        <TermField form={form} name="compression" />
        {draft.compression.startsWith("top-k") && <TermField form={form} name="keepBps" />}
      </div>
      {model !== undefined && <TrafficNote form={form} model={model} />}
      <MoreFields title="More about the clock" form={form} fields={RARE_CLOCK}>
        <TermFields form={form} names={RARE_CLOCK} />
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
  const nodes = draftNumber(draft, "maxNodes");
  const gammaBps = draftNumber(draft, "gammaBps");
  const isUsable = [faults.keepBps, faults.maxNodes, faults.gammaBps].every((fault) => fault === undefined);
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
