import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import { Failed } from "#app/Failed.tsx";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { normalisesItself } from "@concordat/protocol/manifest/datasetTerms";
import { number } from "#ui/format.ts";
import { Button, Card, Meter, Notice } from "#ui/parts.tsx";
import { Said } from "#ui/Said.tsx";
import { plainText } from "#ui/plainText.ts";
import { DrawPad } from "./DrawPad.tsx";
import { imageRecord, rowRecord } from "./readRecord.ts";

/** Datasets whose records a reader can write by hand. */
const HANDWRITING: ReadonlySet<string> = new Set(["digits", "mnist"]);

/** Gives the model a record of the reader's, which never leaves the page, and shows what it says. */
export function Try({
  manifest,
  file,
}: {
  readonly manifest: TaskManifest;
  readonly file: Uint8Array;
}): ReactElement {
  const { dataset } = manifest;
  const isImage = dataset.inputShape.length === 3;
  const [row, setRow] = useState("");
  const run = useMutation({
    mutationFn: async (read: () => Promise<Float32Array>) => {
      const [{ predict }, { decodeArtifact }] = await Promise.all([
        import("#learning/predict.ts"),
        import("@concordat/protocol/artifacts/artifact"),
      ]);
      const { tensors } = decodeArtifact(file, { specs: manifest.model.tensors, role: "global" });
      return predict(manifest, tensors, await read());
    },
  });
  if (normalisesItself(dataset)) {
    return (
      <Notice>
        <p>Each node normalises this task’s records by its own, so a record of yours cannot be tried here.</p>
      </Notice>
    );
  }
  return (
    <Card
      title="Try it"
      note={`Computed in this page by WebAssembly: your record is sent nowhere. The model takes ${dataset.inputShape.join(" × ")} values.`}
    >
      <div className="grid-2">
        <div className="stack-tight">
          {HANDWRITING.has(dataset.name) && (
            <div className="field">
              <span className="field-label">Write a digit</span>
              <DrawPad onStroke={(picture) => run.mutate(() => imageRecord(picture, dataset))} />
            </div>
          )}
          {isImage ? (
            <div className="field">
              <label htmlFor="try-image">Your own image</label>
              <input
                id="try-image"
                type="file"
                accept="image/*"
                onChange={({ target }) => {
                  const [image] = target.files ?? [];
                  if (image !== undefined) run.mutate(() => imageRecord(image, dataset));
                }}
              />
              <span className="field-hint">
                It is scaled to {dataset.inputShape.slice(0, 2).join(" × ")} pixels.
                {HANDWRITING.has(dataset.name) && " Light strokes on a dark ground."}
              </span>
            </div>
          ) : (
            <>
              <div className="field">
                <label htmlFor="try-row">Your own row</label>
                <textarea id="try-row" rows={3} value={row} onChange={({ target }) => setRow(target.value)} />
                <span className="field-hint">Numbers, separated by commas or spaces.</span>
              </div>
              <Button onClick={() => run.mutate(async () => rowRecord(row, dataset))}>Ask the model</Button>
            </>
          )}
        </div>
        <div className="stack-tight">
          {run.isPending && <p role="status">Computing…</p>}
          {run.error !== null && <Failed error={run.error} />}
          {run.data !== undefined && <Answer manifest={manifest} outputs={run.data} />}
        </div>
      </div>
    </Card>
  );
}

const SHOWN = 5;

function Answer({
  manifest,
  outputs,
}: {
  readonly manifest: TaskManifest;
  readonly outputs: readonly number[];
}): ReactElement {
  const { dataset } = manifest;
  if (dataset.classes === 1) return <p role="status">The model says {number(outputs[0] ?? Number.NaN)}.</p>;
  const names = dataset.classNames ?? outputs.map((_, index) => String(index));
  const ranked = outputs
    .map((share, index) => ({ share, name: names[index] ?? String(index) }))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, SHOWN);
  return (
    <div className="stack-tight" role="status" aria-label="What the model says">
      <p>
        The model says{" "}
        <strong>
          <Said text={ranked[0]?.name ?? "nothing"} most={60} />
        </strong>
        .
      </p>
      {ranked.map(({ name, share }) => (
        <div key={name} className="stack-tight">
          <span className="row-spread">
            <Said text={name} most={60} />
            <span>{(100 * share).toFixed(1)} %</span>
          </span>
          <Meter share={share} label={plainText(name, 60)} />
        </div>
      ))}
    </div>
  );
}
