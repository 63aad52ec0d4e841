import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "chai";
import { ArtifactError } from "#protocol/errors";
import type { TaskManifest } from "#protocol/manifest/manifest";
import { OFFICIAL_TERMS } from "#learning/data/officialTerms";
import { csvTerms } from "#learning/data/ownTerms";
import { buildTask } from "#learning/tasks/buildTask";
import { manifestModel } from "#learning/models/manifestModel";
import { builtInTopology, MODEL_NAMES, type Topology } from "#learning/models/models";
import type { TrialTask } from "#learning/tasks/trialStep";
import { tryTask } from "#learning/tasks/tryTask";
import { dataFolder } from "./dataFolder.ts";

const training: TaskManifest["training"] = {
  optimiser: "sgd",
  learningRate: 0.1,
  momentum: 0.9,
  localEpochs: 1,
  batchSize: 6,
  seed: 1,
};
const PRIVACY = {
  none: { kind: "none" },
  "dp-sgd": { kind: "dp-sgd", clip: 1, noiseMultiplier: 1, delta: 1e-5 },
  "laplace-gradient": { kind: "laplace-gradient", clip: 1, epsilon: 1, delta: 1e-5 },
  "gaussian-update": { kind: "gaussian-update", clip: 1, noiseMultiplier: 1, delta: 1e-5 },
  "laplace-features": { kind: "laplace-features", epsilon: 1, delta: 1e-5 },
} as const satisfies Record<string, TaskManifest["privacy"]>;

const dataset = { ...OFFICIAL_TERMS.digits, inputShape: [8, 8, 1], classes: 4 };
const sequential = (...layers: [string, object][]): Topology => ({
  class_name: "Sequential",
  config: {
    name: "test",
    layers: layers.map(([class_name, config], i) => ({
      class_name,
      config: { name: `l${i}`, ...(i === 0 && { batch_input_shape: [null, 8, 8, 1] }), ...config },
    })),
  },
});
const task = async (topology: Topology, more: Partial<TrialTask> = {}): Promise<TrialTask> => ({
  model: await manifestModel(topology, dataset.inputShape, dataset.classes),
  dataset,
  training,
  privacy: PRIVACY.none,
  ...more,
});

async function refusal(trial: Promise<unknown>): Promise<string> {
  const error = await trial.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ArtifactError)) throw new Error(`expected an ArtifactError, got ${String(error)}`);
  expect(error.oneLine).to.not.include("\n");
  return error.oneLine;
}

describe("a trial step", function () {
  this.timeout(120_000);
  const folder = dataFolder();
  const flat: [string, object] = ["Flatten", {}];
  const logits: [string, object] = ["Dense", { units: 4 }];

  it("is taken by every built-in model, with and without privacy, and leaves no tensor behind", async () => {
    for (const name of MODEL_NAMES) {
      const inputShape = name === "har-cnn" ? [16, 3] : [16, 16, 1];
      const model = await manifestModel(builtInTopology(name, inputShape, 4), inputShape, 4);
      for (const privacy of Object.values(PRIVACY)) {
        if (name === "resnet9" && privacy.kind !== "none") continue;
        const before = tf.memory().numTensors;
        await tryTask({ model, dataset: { ...dataset, inputShape }, training, privacy });
        expect(tf.memory().numTensors, `${name}, ${privacy.kind}`).to.equal(before);
      }
    }
  });

  it("is taken on the engine that is asked for, by a regression too", async () => {
    const columns = [{ kind: "numeric", name: "x" }] as const;
    const terms = csvTerms({
      columns: [...columns],
      target: { kind: "number", name: "y", offset: 0, scale: 1 },
    });
    const model = await manifestModel(builtInTopology("mlp", [1], 1), [1], 1);
    for (const engine of ["cpu", "wasm"]) {
      await tryTask({ model, dataset: terms, training, privacy: PRIVACY.none }, engine);
      expect(tf.getBackend()).to.equal(engine);
    }
  });

  it("names the layer that builds but does not run", async () => {
    const wrong = sequential(["Reshape", { target_shape: [8, 9, 1] }], flat, logits);
    expect(await refusal(tryTask(await task(wrong)))).to.include("The layer l0 cannot be run: ");
  });

  it("refuses a model of which nothing trains, and takes one of which a part does", async () => {
    const frozen: [string, object] = ["Dense", { units: 4, trainable: false }];
    expect(await refusal(tryTask(await task(sequential(flat, frozen))))).to.include(
      "None of the model's weights is trained",
    );
    const half = await task(sequential(flat, frozen, logits));
    await tryTask(half);
    await tryTask({ ...half, privacy: PRIVACY["dp-sgd"] });
  });

  it("refuses clipped gradients where records depend on each other", async () => {
    const mixed = await task(sequential(["BatchNormalization", {}], flat, logits));
    await tryTask(mixed);
    const message = await refusal(tryTask({ ...mixed, privacy: PRIVACY["dp-sgd"] }).catch(asArtifact));
    expect(message).to.include("l0 is batch norm").and.to.include("GroupNormalization");
  });

  it("refuses a learning rate with which the first step leaves the range of numbers", async () => {
    const trial = await task(sequential(flat, logits), { training: { ...training, learningRate: 1e39 } });
    expect(await refusal(tryTask(trial)))
      .to.include("infinite or not a number")
      .and.to.include("learning rate");
  });

  it("refuses tensors that are not the topology's", async () => {
    const { model, ...rest } = await task(sequential(flat, logits));
    const tensors = model.tensors.map((spec) => ({ ...spec, name: `${spec.name}x` }));
    expect(await refusal(tryTask({ ...rest, model: { ...model, tensors } }))).to.include(
      "but the manifest does not",
    );
  });

  it("comes before a task is published", async () => {
    const settings = { name: "t", description: "", dataset: OFFICIAL_TERMS.digits, seed: 1 };
    const files = await buildTask(settings);
    expect(files.manifest.model.tensors).to.have.length(6);
    const wrong = sequential(["Reshape", { target_shape: [8, 9, 1] }], flat, logits);
    await folder.put({
      "model.json": JSON.stringify(wrong)
        .replace("[null,8,8,1]", "[null,16,16,1]")
        .replace('"units":4', '"units":10'),
    });
    const model = join(folder.path, "model.json");
    expect(await refusal(buildTask({ ...settings, model }))).to.include("The layer l0 cannot be run");
  });
});

/** An InputError about the model, as the refusal that it is. */
function asArtifact(error: unknown): never {
  throw error instanceof Error
    ? new ArtifactError(`${error.message} ${String((error as ArtifactError).hint)}`)
    : error;
}
