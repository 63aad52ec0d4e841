import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { recordSize } from "@concordat/protocol/manifest/datasetTerms";
import { ArtifactError, ConcordatError } from "@concordat/protocol/errors";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { correctAveragePoolGradient } from "../engines/averagePoolGradient.ts";
import { type BatchTensors, batchTensors, meanGradient } from "../training/batchGradient.ts";
import { clippedSum } from "../training/clippedGradient.ts";
import { forward } from "../models/exampleLayers.ts";
import { initialWeights } from "../models/initialWeights.ts";
import { placeDropout } from "../models/layers/seededDropout.ts";
import { buildLayers, checkEnds, tensorSpecs } from "../models/modelLayers.ts";
import { SeededRandom } from "../seededRandom.ts";
import { Velocities } from "../training/sgdSteps.ts";
import { registerTrainingKernels } from "../engines/wasmKernels.ts";

/** What a step of a task depends on. */
export type TrialTask = Pick<TaskManifest, "model" | "dataset" | "training" | "privacy">;

const FIRST = { round: 1, member: 1, step: 1 } as const;

/**
 * Takes one step of a task's training on made-up records, on TensorFlow.js' current backend: forward, backward and the
 * optimiser's move, with the real shape and batch and, where the task clips gradients record by record, that too; then answers one
 * record. What fails here would fail at every node, after the task was paid for.
 * @throws {ArtifactError} naming the layer that cannot be run, or saying why the model cannot be trained.
 */
export async function trialStep({ model, dataset, training, privacy }: TrialTask): Promise<void> {
  correctAveragePoolGradient();
  if (tf.getBackend() === "wasm") registerTrainingKernels();
  const layers = await buildLayers(model.topology, model.tensors);
  try {
    checkEnds(layers, dataset.inputShape, dataset.classes);
    const weights = initialWeights(tensorSpecs(layers), training.seed);
    layers.weights.forEach((weight, i) => {
      const { data, shape } = weights[i] ?? { data: new Float32Array(), shape: [0] };
      tf.tidy(() => {
        weight.write(tf.tensor(data, [...shape]));
      });
    });
    const variables = layers.trainableWeights.map((weight) => weight.read() as tf.Variable);
    if (variables.length === 0) {
      throw new ArtifactError("None of the model's weights is trained", {
        hint: "Leave trainable out, or set it to true for a layer with weights",
      });
    }
    const velocities = new Velocities(variables, training);
    try {
      tf.tidy(() => {
        const batch = trialBatch(dataset, training);
        placeDropout(layers, { seed: training.seed, ...FIRST });
        checkForward(layers, batch, dataset.classes);
        const gradients = clipped(layers, batch, variables, privacy) ?? plain(layers, batch, variables);
        velocities.descent(gradients).forEach((descent, i) => {
          const variable = variables[i];
          variable?.assign(tf.sub(variable, descent));
        });
        // Scoring runs otherwise than training, and the last batch may be a single record.
        const one = tf.slice(batch.inputs, 0, 1);
        void (layers.apply(one) as tf.Tensor).shape;
      });
    } finally {
      velocities.dispose();
    }
    await checkFinite(layers);
  } catch (cause) {
    if (cause instanceof ConcordatError) throw cause;
    throw failed("The model cannot be trained", cause);
  } finally {
    layers.dispose();
  }
}

/** Records of standard normal values, as many as in a batch, of all classes in turn. */
function trialBatch(dataset: TrialTask["dataset"], { batchSize, seed }: TrialTask["training"]): BatchTensors {
  const { inputShape, classes } = dataset;
  const random = new SeededRandom(seed, "trial step");
  return batchTensors(
    {
      inputs: Float32Array.from({ length: batchSize * recordSize(dataset) }, () => random.normal()),
      labels: Array.from({ length: batchSize }, (_, i) => i % classes),
      targets: Float32Array.from({ length: batchSize }, () => random.normal()),
      size: batchSize,
    },
    inputShape,
    classes,
  );
}

/** Runs layer by layer, so that an error says where it is. */
function checkForward(layers: tfl.LayersModel, { inputs, answers }: BatchTensors, classes: number): void {
  let current = "";
  let output: tf.Tensor;
  try {
    output = forward(layers, inputs, (layer) => {
      current = layer.name;
      return undefined;
    });
  } catch (cause) {
    throw failed(`The layer ${current} cannot be run`, cause);
  }
  if (output.shape.join() !== answers.shape.join()) {
    throw new ArtifactError(
      `The model gives [${output.shape.join(", ")}] for a batch of ${inputs.shape[0]} records, not [${inputs.shape[0]}, ${classes}]`,
      { hint: "Let each record have a row of its own up to the last layer" },
    );
  }
}

function plain(layers: tfl.LayersModel, batch: BatchTensors, variables: readonly tf.Variable[]): tf.Tensor[] {
  const { gradients } = meanGradient(layers, batch, variables);
  return variables.map((variable) => gradients[variable.name] ?? tf.zerosLike(variable));
}

/** The gradient of a task that clips it record by record, without the noise, which no model could fail at. */
function clipped(
  layers: tfl.LayersModel,
  batch: BatchTensors,
  variables: readonly tf.Variable[],
  privacy: TrialTask["privacy"],
): tf.Tensor[] | undefined {
  if (privacy.kind !== "dp-sgd" && privacy.kind !== "laplace-gradient") return undefined;
  const rows = batch.inputs.shape[0] ?? 0;
  const { gradients } = clippedSum(layers, batch, rows, variables, privacy.clip);
  return gradients.map((gradient) => tf.div(gradient, rows));
}

async function checkFinite({ weights }: tfl.LayersModel): Promise<void> {
  for (const weight of weights) {
    const data = await weight.read().data();
    if (data.every((value) => Number.isFinite(value))) continue;
    throw new ArtifactError(`The first step makes ${weight.originalName} infinite or not a number`, {
      hint: "Lower the learning rate",
    });
  }
}

function failed(what: string, cause: unknown): ArtifactError {
  const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  return new ArtifactError(`${what}: ${reason}`, {
    hint: "Change the model: every node would fail at the same place",
    cause,
  });
}
