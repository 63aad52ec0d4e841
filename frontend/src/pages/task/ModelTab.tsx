import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import { useGateways } from "../../artifacts/useGateways.ts";
import { Failed } from "../../app/Failed.tsx";
import { TaskState } from "../../../../protocol/enums.ts";
import { digest as toDigest } from "../../../../protocol/ids.ts";
import type { TaskManifest } from "../../../../protocol/manifest.ts";
import { Hash } from "../../ui/Account.tsx";
import { bytes } from "../../ui/format.ts";
import { Button, Card, Empty, Meter } from "../../ui/parts.tsx";
import { saveFile } from "../../ui/saveFile.ts";
import { finalisedOpenings } from "../../world/rounds.ts";
import type { TaskRecord } from "../../world/world.ts";
import { Try } from "../model/Try.tsx";

/** The task's newest global model: its file, and what it says about a record of the reader's. */
export function ModelTab({
  task,
  manifest,
}: {
  readonly task: TaskRecord;
  readonly manifest: TaskManifest | undefined;
}): ReactElement {
  const gateways = useGateways();
  const [share, setShare] = useState(0);
  const last = finalisedOpenings(task).at(-1);
  const aggregate = last?.finalised?.aggregate;
  const model = useMutation({
    mutationFn: async (wanted: string) => {
      const { fetchArtifact } = await import("../../artifacts/fetchArtifact.ts");
      return fetchArtifact(toDigest(wanted), gateways, {
        maxBytes: task.terms.maxArtifactBytes,
        onProgress: setShare,
      });
    },
  });
  if (last === undefined || aggregate === undefined) {
    return (
      <Empty>
        <p>The first global model comes with the first finalised round.</p>
      </Empty>
    );
  }
  const name = `concordat-task-${task.taskId}-round-${last.round}.safetensors`;
  const final = task.state === TaskState.Completed;
  return (
    <div className="stack">
      <Card
        title={final ? "The final model" : `The global model after round ${last.round}`}
        note="Fetched from the nodes’ gateways, and every block checked against the digest that stands on the chain."
      >
        <p>
          Digest <Hash value={aggregate} />
        </p>
        {model.data === undefined ? (
          <Button look="primary" disabled={model.isPending} onClick={() => model.mutate(aggregate)}>
            {model.isPending ? "Fetching…" : "Fetch the model"}
          </Button>
        ) : (
          <Button look="primary" onClick={() => saveFile(name, model.data, "application/octet-stream")}>
            Save as safetensors ({bytes(model.data.length)})
          </Button>
        )}
        {model.isPending && <Meter share={share} label="Fetching the model" />}
        {model.error !== null && <Failed error={model.error} retry={() => model.mutate(aggregate)} />}
      </Card>
      {model.data !== undefined && manifest !== undefined && <Try manifest={manifest} file={model.data} />}
    </div>
  );
}
