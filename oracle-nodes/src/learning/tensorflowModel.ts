import { setImmediate } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { ModelTensors, NamedTensor, TensorSpec } from "../../../protocol/tensors.ts";
import { crossEntropy } from "./crossEntropy.ts";
import {
  type EngineName,
  type Evaluation,
  type TrainableModel,
  TrainingDivergedError,
  type TrainOptions,
  type TrainResult,
} from "./engine.ts";
import { initialWeights } from "./initialWeights.ts";
import { buildLayers, checkEnds, checkTensors, tensorSpecs } from "./modelLayers.ts";
import type { Topology } from "./models.ts";
import { batchMaker, type Batch, type Samples } from "./samples.ts";
import { SeededRandom } from "./seededRandom.ts";
import { useBackend } from "./tensorflowEngine.ts";

/** Images of one evaluation step. */
const EVALUATION_BATCH = 100;
/** Milliseconds of work after which the event loop gets its turn. */
const TURN_MS = 20;

/** Builds a model on a backend. See {@link Engine.load}. */
export async function loadTensorflowModel(
  backend: EngineName,
  { topology, tensors }: { readonly topology: Topology; readonly tensors?: readonly TensorSpec[] },
  inputShape: readonly number[],
  classes: number,
): Promise<TrainableModel> {
  useBackend(backend);
  const layers = await buildLayers(topology, tensors);
  try {
    checkEnds(layers, inputShape, classes);
  } catch (error) {
    layers.dispose();
    throw error;
  }
  return new TensorflowModel(backend, layers, classes);
}

class TensorflowModel implements TrainableModel {
  readonly specs: readonly TensorSpec[];
  readonly #backend: EngineName;
  readonly #layers: tfl.LayersModel;
  readonly #classes: number;
  /** The end of the last call in the queue. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(backend: EngineName, layers: tfl.LayersModel, classes: number) {
    this.#backend = backend;
    this.#layers = layers;
    this.#classes = classes;
    this.specs = tensorSpecs(layers);
  }

  initialise(seed: number): ModelTensors {
    return initialWeights(this.specs, seed);
  }

  train(options: TrainOptions): Promise<TrainResult> {
    return this.#enqueue(() => this.#train(options));
  }

  evaluate(weights: ModelTensors, samples: Samples, signal?: AbortSignal): Promise<Evaluation> {
    return this.#enqueue(() => this.#evaluate(weights, samples, signal));
  }

  dispose(): void {
    this.#layers.dispose();
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #train({
    weights,
    samples,
    hyper,
    round,
    member,
    signal,
    onProgress,
  }: TrainOptions): Promise<TrainResult> {
    const makeBatch = batchMaker(samples);
    const stepsPerEpoch = Math.ceil(samples.indices.length / hyper.batchSize);
    const steps = stepsPerEpoch * hyper.localEpochs;
    const giveWay = turnTaker();
    useBackend(this.#backend);
    this.#write(weights);
    const velocities = new Velocities(this.#layers.trainableWeights, hyper);
    let lossSum = 0;
    try {
      for (let epoch = 1, step = 1; epoch <= hyper.localEpochs; epoch++) {
        const order = new SeededRandom(hyper.seed, "shuffle", round, member, epoch).shuffle(
          Uint32Array.from(samples.indices),
        );
        lossSum = 0;
        for (let start = 0; start < order.length; start += hyper.batchSize, step++) {
          signal?.throwIfAborted();
          const batch = makeBatch(order.subarray(start, start + hyper.batchSize));
          useBackend(this.#backend);
          const loss = await scalarValue(this.#step(batch, velocities));
          if (!Number.isFinite(loss)) throw diverged(`its loss is ${loss} in step ${step}`);
          lossSum += loss * batch.size;
          onProgress?.({ epoch, epochs: hyper.localEpochs, step, steps, loss });
          await giveWay();
        }
      }
    } finally {
      velocities.dispose();
    }
    useBackend(this.#backend);
    const trained = await this.#read();
    const bad = trained.find(({ data }) => !isAllFinite(data));
    if (bad !== undefined) throw diverged(`${bad.name} is not finite`);
    return { weights: trained, samples: samples.indices.length, loss: lossSum / samples.indices.length };
  }

  /** One step of SGD; returns the batch's mean loss before it. */
  #step(batch: Batch, velocities: Velocities): tf.Scalar {
    return tf.tidy(() => {
      const images = this.#images(batch);
      const labels = tf.tensor2d(oneHot(batch.labels, this.#classes), [batch.size, this.#classes]);
      const { value, grads } = tf.variableGrads(
        () => crossEntropy(this.#layers.apply(images, { training: true }) as tf.Tensor2D, labels),
        velocities.variables,
      );
      velocities.step(grads);
      return value;
    });
  }

  async #evaluate(weights: ModelTensors, samples: Samples, signal?: AbortSignal): Promise<Evaluation> {
    const makeBatch = batchMaker(samples);
    const giveWay = turnTaker();
    useBackend(this.#backend);
    this.#write(weights);
    let correct = 0;
    for (let start = 0; start < samples.indices.length; start += EVALUATION_BATCH) {
      signal?.throwIfAborted();
      const batch = makeBatch(samples.indices.slice(start, start + EVALUATION_BATCH));
      useBackend(this.#backend);
      const output = tf.tidy(() => this.#layers.apply(this.#images(batch)) as tf.Tensor2D);
      const logits = await output.data();
      output.dispose();
      correct += batch.labels.filter((label, row) => label === argmax(logits, row, this.#classes)).length;
      await giveWay();
    }
    return { correct, total: samples.indices.length };
  }

  #images({ images, size }: Batch): tf.Tensor {
    const shape = this.#layers.inputs[0]?.shape.slice(1).map((dimension) => dimension ?? 0) ?? [];
    return tf.tensor(images, [size, ...shape]);
  }

  #write(weights: ModelTensors): void {
    checkTensors(weights, this.specs);
    tf.tidy(() => {
      this.#layers.weights.forEach((weight, i) => {
        const tensor = weights[i];
        if (tensor !== undefined) weight.write(tf.tensor(tensor.data, [...tensor.shape]));
      });
    });
  }

  #read(): Promise<NamedTensor[]> {
    return Promise.all(
      this.#layers.weights.map(async (weight, i) => ({
        name: this.specs[i]?.name ?? "",
        shape: this.specs[i]?.shape ?? [],
        data: Float32Array.from(await weight.read().data()),
      })),
    );
  }
}

/** The optimiser's state of one training: m <- momentum m + g, w <- w - lr m, m starting at 0 (PyTorch's SGD). */
class Velocities {
  readonly variables: tf.Variable[];
  readonly #momenta: tf.Tensor[];
  readonly #learningRate: tf.Scalar;
  readonly #momentum: tf.Scalar;

  constructor(weights: readonly tfl.LayerVariable[], hyper: TrainOptions["hyper"]) {
    this.variables = weights.map((weight) => weight.read() as tf.Variable);
    this.#momenta = this.variables.map((variable) => tf.zerosLike(variable));
    this.#learningRate = tf.scalar(hyper.learningRate);
    this.#momentum = tf.scalar(hyper.momentum);
  }

  step(gradients: tf.NamedTensorMap): void {
    this.variables.forEach((variable, i) => {
      const [gradient, previous] = [gradients[variable.name], this.#momenta[i]];
      if (gradient === undefined || previous === undefined) return;
      const velocity = tf.keep(tf.add(tf.mul(previous, this.#momentum), gradient));
      previous.dispose();
      this.#momenta[i] = velocity;
      variable.assign(tf.sub(variable, tf.mul(velocity, this.#learningRate)));
    });
  }

  dispose(): void {
    tf.dispose([this.#momenta, this.#learningRate, this.#momentum]);
  }
}

/** Whether all values are finite; a plain loop, since a callback for each of millions of weights costs more than a step. */
function isAllFinite(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

async function scalarValue(tensor: tf.Scalar): Promise<number> {
  const [value = Number.NaN] = await tensor.data();
  tensor.dispose();
  return value;
}

/** Labels as rows with a single 1, [labels.length, classes] row-major. */
function oneHot(labels: readonly number[], classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => (rows[row * classes + label] = 1));
  return rows;
}

/** The class of the greatest logit of a row; ties go to the lowest class. */
function argmax(logits: ArrayLike<number>, row: number, classes: number): number {
  let best = 0;
  for (let label = 1; label < classes; label++) {
    if ((logits[row * classes + label] ?? 0) > (logits[row * classes + best] ?? 0)) best = label;
  }
  return best;
}

/** A function that lets the event loop turn when work has gone on long enough, for a node also answers requests. */
function turnTaker(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN_MS) return;
    await setImmediate();
    since = performance.now();
  };
}

function diverged(what: string): TrainingDivergedError {
  return new TrainingDivergedError(`Training diverged: ${what}`, {
    hint: "Lower the learning rate or the momentum",
  });
}
