import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import { useGateways } from "#artifacts/useGateways.ts";
import { Failed } from "#app/Failed.tsx";
import { TaskState } from "@concordat/protocol/contracts/enums";
import { digest as toDigest } from "@concordat/protocol/ids";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { Hash } from "#ui/Account.tsx";
import { bytes, count, ratio } from "#ui/format.ts";
import { Button, Card, Empty, Facts, Meter, Notice } from "#ui/parts.tsx";
import { saveFile } from "#ui/saveFile.ts";
import { scoreWords } from "./scoreWords.ts";
import { Try } from "../model/Try.tsx";
import { finalisedOpenings, meanScore } from "@concordat/protocol/history/rounds";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

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
    // What is fetched keeps its round and its digest: while it is here, another round may have come.
    mutationFn: async (wanted: Wanted) => {
      setShare(0);
      const { fetchArtifact } = await import("#artifacts/fetchArtifact.ts");
      const file = await fetchArtifact(toDigest(wanted.digest), gateways, {
        maxBytes: task.terms.maxArtifactBytes,
        onProgress: setShare,
      });
      return { ...wanted, file };
    },
  });
  if (last === undefined || aggregate === undefined) {
    return (
      <Empty>
        <p>The first global model comes with the first finalised round.</p>
      </Empty>
    );
  }
  const newest: Wanted = { round: last.round, digest: aggregate };
  const fetched = model.data;
  const shown = fetched ?? newest;
  const isFinal = task.state === TaskState.Completed && shown.digest === newest.digest;
  return (
    <div className="stack">
      <Card
        title={isFinal ? "The final global model" : `The global model after round ${shown.round}`}
        note="Fetched from the nodes’ gateways, and every block checked against the digest that stands on the chain."
      >
        <Facts facts={modelFacts(task, shown)} />
        <p className="card-note">
          It is what the committee made of all accepted updates, and what everybody gets. Each node mixes it
          with its own into a personalised model, which never leaves that node.
        </p>
        <p>
          Digest <Hash value={shown.digest} />
        </p>
        {fetched === undefined ? (
          <Button look="primary" disabled={model.isPending} onClick={() => model.mutate(newest)}>
            {model.isPending ? "Fetching…" : "Fetch the model"}
          </Button>
        ) : (
          <Button
            look="primary"
            onClick={() => saveFile(fileName(task, fetched), fetched.file, "application/octet-stream")}
          >
            Save as safetensors ({bytes(fetched.file.length)})
          </Button>
        )}
        {fetched !== undefined && fetched.digest !== newest.digest && (
          <Notice
            tone="wait"
            action={
              <Button disabled={model.isPending} onClick={() => model.mutate(newest)}>
                Fetch that of round {newest.round}
              </Button>
            }
          >
            <p>
              Round {newest.round} was finalised meanwhile; what is here is the model of round {fetched.round}
              .
            </p>
          </Notice>
        )}
        {model.isPending && <Meter share={share} label="Fetching the model" />}
        {model.error !== null && <Failed error={model.error} retry={() => model.mutate(newest)} />}
      </Card>
      {fetched !== undefined && manifest !== undefined && (
        <Try key={fetched.digest} manifest={manifest} file={fetched.file} />
      )}
    </div>
  );
}

/** A round's global model. */
interface Wanted {
  readonly round: number;
  readonly digest: string;
}

function fileName({ taskId }: TaskRecord, { round, digest }: Wanted): string {
  return `concordat-task-${taskId}-round-${round}-${digest.slice(2, 10)}.safetensors`;
}

/** How good a round's model is, as far as the chain says: the nodes' own scores of mixtures with it. */
function modelFacts(task: TaskRecord, { round, digest }: Wanted): FactList {
  const opening = finalisedOpenings(task).find(
    (each) => each.round === round && each.finalised?.aggregate === digest,
  );
  const finalised = opening?.finalised;
  if (finalised === undefined) return [["Round", String(round)]];
  const mean = meanScore(finalised);
  const proposal = opening?.proposals.at(-1);
  return [
    ["Round", `${round} of ${task.terms.rounds}`],
    ["Made of", count(proposal?.accepted.length ?? 0, "update")],
    [
      "Mean score",
      mean === undefined
        ? "not negotiated"
        : `${scoreWords(task.terms, mean)} at alpha ${ratio(finalised.alphaBps)}`,
    ],
    ["Scored by", count(finalised.reports, "node")],
  ];
}

type FactList = readonly (readonly [name: string, value: string])[];
