import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import { DATASET_DEFAULTS } from "@concordat/learning/data/datasetDefaults";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { normalisesItself } from "@concordat/protocol/manifest/datasetTerms";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { elementCount } from "@concordat/protocol/artifacts/tensors";
import { bytes, count } from "#ui/format.ts";
import type { Draft } from "./draft.ts";
import { DraftChoice, DraftText, FileField } from "./DraftFields.tsx";
import type { DraftForm } from "./DraftFields.tsx";
import { TableFields } from "./TableFields.tsx";
import { TermField, TermFields } from "./TermField.tsx";

const MODELS = {
  mlp: "MLP: two hidden layers of 200",
  cnn: "CNN: two 5 × 5 convolutions and 512 units (images)",
  lenet: "LeNet: the small one for colour images",
  resnet9: "ResNet-9: eight convolutions with batch norm (images)",
  "har-cnn": "CNN along time (sensor windows)",
  "prototype-mlp": "MLP of paper 1’s prototype",
  "prototype-cnn": "CNN of paper 1’s prototype (images)",
  file: "a Keras topology from a file",
} as const satisfies Record<Draft["model"], string>;

const POSITIONS = {
  chest: "chest",
  forearm: "forearm",
  head: "head",
  shin: "shin",
  thigh: "thigh",
  upperarm: "upper arm",
  waist: "waist",
} as const satisfies Record<Draft["position"], string>;

/** What is trained, and on what. */
export function ModelStep({
  form,
  dataset,
  model,
}: {
  readonly form: DraftForm;
  readonly dataset: DatasetTerms | undefined;
  readonly model: UseQueryResult<TaskManifest["model"]>;
}): ReactElement {
  const { draft, change } = form;
  return (
    <div className="stack">
      <div className="grid-2">
        <TermFields form={form} names={["name", "description"]} />
        <TermField
          form={form}
          name="dataset"
          more={dataset !== undefined && dataWords(dataset)}
          onChoice={(chosen) => {
            const name = chosen as Draft["dataset"];
            change({
              dataset: name,
              ...(draft.model !== "file" && { model: DATASET_DEFAULTS[name].model as Draft["model"] }),
            });
          }}
        />
        <DraftChoice form={form} name="model" label="Model" options={MODELS} hint={modelWords(model)} />
        {draft.dataset === "realworld-har" && (
          <DraftChoice form={form} name="position" label="The sensor was worn at the" options={POSITIONS} />
        )}
        {draft.model === "file" && <TopologyField form={form} />}
        <TermField form={form} name="seed" />
      </div>
      {draft.dataset === "image-folder" && <PictureFields form={form} />}
      {draft.dataset === "csv" && <TableFields form={form} />}
      <p className="card-note">
        Operators choose the engine, or a program of their own, that their nodes train with: all give updates
        of the same form.
      </p>
    </div>
  );
}

function TopologyField({ form: { draft, change } }: { readonly form: DraftForm }): ReactElement {
  const [problem, setProblem] = useState<string>();
  return (
    <FileField
      label="File with the topology"
      hint={
        draft.topology === ""
          ? "Keras JSON: model.toJSON(null, false) of TensorFlow.js, or a saved model.json. Logits out, without softmax."
          : `${draft.topologyName} is read. Its weights are not used: the seed gives the initial model.`
      }
      error={problem}
      onTooLarge={setProblem}
      onText={(topology, topologyName) => {
        setProblem(undefined);
        change({ topology, topologyName });
      }}
    />
  );
}

function PictureFields({ form }: { readonly form: DraftForm }): ReactElement {
  return (
    <div className="grid-2">
      <DraftText
        form={form}
        name="classNames"
        label="Classes, one a line"
        hint="Each is the name of a folder with its pictures (PNG, JPEG), in train and test or without; the order numbers them."
        lines
      />
      <div className="stack-tight">
        <DraftText form={form} name="height" label="Height, pixels" hint="Nodes bring every picture to it." />
        <DraftText form={form} name="width" label="Width, pixels" />
        <DraftChoice
          form={form}
          name="channels"
          label="Colours"
          options={{ "3": "colour (3 channels)", "1": "grey (1 channel)" }}
        />
      </div>
    </div>
  );
}

function dataWords(dataset: DatasetTerms): string {
  const shape = dataset.inputShape.join(" × ");
  const answer = dataset.classes === 1 ? "one number to predict" : count(dataset.classes, "class", "classes");
  const normalised = normalisesItself(dataset)
    ? "each node brings them to mean 0 and deviation 1 by its own training records"
    : "normalised alike by all nodes";
  return `Records of ${shape} values, ${answer}; ${normalised}.`;
}

function modelWords({ data, isLoading }: UseQueryResult<TaskManifest["model"]>): string {
  if (isLoading) return "Looking at the model…";
  if (data === undefined) return "";
  const weights = data.tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return `${count(weights, "weight")} in ${count(data.tensors.length, "tensor")}, ${bytes(weights * 4)}.`;
}
