import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { InputError } from "@concordat/protocol/errors";
import type { ModelTensors, NamedTensor, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { createPacer } from "../aggregation/pacer.ts";
import { ApflSteps } from "../training/apflSteps.ts";
import { correctAveragePoolGradient } from "./averagePoolGradient.ts";
import { batchTensors, type BatchTensors, meanGradient } from "../training/batchGradient.ts";
import { poissonBatches, privateGradient } from "../training/dpSgd.ts";
import { throwGpuFailure } from "./backends/webgpu.ts";
import type {
  ApflOptions,
  ApflResult,
  EngineName,
  Evaluation,
  TrainableModel,
  TrainOptions,
  TrainResult,
} from "./engine.ts";
import { initialWeights } from "../models/initialWeights.ts";
import { buildLayers, checkEnds, checkTensors, tensorSpecs } from "../models/modelLayers.ts";
import { placeDropout } from "../models/layers/seededDropout.ts";
import { diverged, LossSum } from "../training/lossSum.ts";
import { minibatches } from "../training/minibatches.ts";
import type { Topology } from "../models/models.ts";
import { batchMaker, type Batch, type Samples } from "../data/samples.ts";
import { type MovingWeight, SgdSteps } from "../training/sgdSteps.ts";
import { useBackend } from "./backends/openBackend.ts";

/** Samples of one evaluation step. */
const EVALUATION_BATCH = 100;
/** Milliseconds of work after which the event loop gets its turn. */
const TURN_MS = 20;
/** Backends that compute when they are called, where reading a loss costs nothing; the others queue their work. */
const READS_EACH_STEP: ReadonlySet<EngineName> = new Set(["wasm", "cpu", "tensorflow"]);

correctAveragePoolGradient();

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
  return new TensorflowModel(backend, layers, inputShape, classes);
}

class TensorflowModel implements TrainableModel {
  readonly specs: readonly TensorSpec[];
  readonly #backend: EngineName;
  readonly #layers: tfl.LayersModel;
  readonly #inputShape: readonly number[];
  readonly #classes: number;
  /** The end of the last call in the queue. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(backend: EngineName, layers: tfl.LayersModel, inputShape: readonly number[], classes: number) {
    this.#backend = backend;
    this.#layers = layers;
    this.#inputShape = inputShape;
    this.#classes = classes;
    this.specs = tensorSpecs(layers);
  }

  initialise(seed: number): ModelTensors {
    return initialWeights(this.specs, seed);
  }

  train(options: TrainOptions): Promise<TrainResult> {
    return this.#enqueue(async () => {
      this.#write(options.weights);
      const sgd = new SgdSteps(this.#moving(options), options);
      const { privacy, hyper } = options;
      const isPadded = !READS_EACH_STEP.has(this.#backend);
      const gradient =
        privacy === undefined ? meanGradient : privateGradient(privacy, hyper.batchSize, isPadded);
      try {
        return await this.#train(options, (batch) => {
          const { loss, gradients } = gradient(this.#layers, batch, sgd.variables);
          sgd.step(gradients);
          return loss;
        });
      } finally {
        sgd.dispose();
      }
    });
  }

  trainApfl(options: ApflOptions): Promise<ApflResult> {
    return this.#enqueue(async () => {
      if (options.privacy !== undefined) throw new InputError("APFL cannot train with differential privacy");
      this.#write(options.weights);
      checkTensors(options.personal, this.specs);
      const moving = this.#moving(options);
      const apfl = new ApflSteps(this.#variables(), moving, options);
      const variables = moving.map(({ variable }) => variable);
      try {
        const result = await this.#train(options, (batch) =>
          apfl.step(() => meanGradient(this.#layers, batch, variables)),
        );
        const { personal, alpha } = await apfl.read(this.specs);
        return { ...result, personal: checkedFinite(personal), alpha };
      } finally {
        apfl.dispose();
      }
    });
  }

  evaluate(weights: ModelTensors, samples: Samples, signal?: AbortSignal): Promise<Evaluation> {
    return this.#enqueue(() => this.#evaluate(weights, samples, signal));
  }

  dispose(): void {
    this.#layers.dispose();
  }

  /** Runs work when all earlier work is done, with this model's backend current where it starts. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      useBackend(this.#backend);
      const value = await work();
      if (this.#backend === "webgpu") throwGpuFailure();
      return value;
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  /** Runs the epochs of a training. `step` moves the variables by one batch and returns the batch's mean loss. */
  async #train(options: TrainOptions, step: (batch: BatchTensors) => tf.Scalar): Promise<TrainResult> {
    const { weights, samples, hyper, round, member, privacy, signal, onProgress } = options;
    const { first, count } = options.epochs ?? { first: 1, count: hyper.localEpochs };
    const makeBatch = batchMaker(samples);
    const steps = Math.ceil(samples.indices.length / hyper.batchSize) * count;
    const giveWay = createPacer(TURN_MS);
    const losses = new LossSum(READS_EACH_STEP.has(this.#backend));
    let [done, seen] = [0, 0];
    try {
      for (let epoch = first; epoch < first + count; epoch++) {
        losses.reset();
        seen = 0;
        const batches =
          privacy === undefined
            ? minibatches({ samples, hyper }, { round, member, epoch })
            : poissonBatches(samples.indices, hyper.batchSize, privacy.random);
        for (const indices of batches) {
          signal?.throwIfAborted();
          const batch = makeBatch(indices);
          useBackend(this.#backend);
          placeDropout(this.#layers, {
            seed: hyper.seed,
            round,
            member,
            step: (first - 1) * (steps / count) + done + 1,
          });
          const loss = await losses.add(
            tf.tidy(() => step(batchTensors(batch, this.#inputShape, this.#classes))),
            batch.size,
          );
          done++;
          seen += batch.size;
          onProgress?.({
            epoch,
            epochs: hyper.localEpochs,
            step: done,
            steps,
            ...(loss !== undefined && { loss }),
          });
          await giveWay();
        }
        useBackend(this.#backend);
        await losses.read();
      }
    } finally {
      losses.dispose();
    }
    useBackend(this.#backend);
    const trained = await this.#read();
    // Statistics of batch norm follow every forward pass: those that should stand still are put back.
    const moves = options.moves ?? (() => true);
    const result = trained.map((tensor, i) => (moves(tensor.name) ? tensor : (weights[i] ?? tensor)));
    return {
      weights: checkedFinite(result),
      samples: samples.indices.length,
      loss: losses.total / Math.max(1, seen),
    };
  }

  async #evaluate(weights: ModelTensors, samples: Samples, signal?: AbortSignal): Promise<Evaluation> {
    const makeBatch = batchMaker(samples);
    const giveWay = createPacer(TURN_MS);
    this.#write(weights);
    let [correct, absoluteError] = [0, 0];
    const count = async (output: tf.Tensor2D, { labels, targets = new Float32Array() }: Batch) => {
      const outputs = await output.data();
      output.dispose();
      if (this.#classes === 1) absoluteError += absoluteErrorSum(outputs, targets);
      else correct += correctAnswers(outputs, labels, this.#classes);
    };
    // Outputs are read while the next batch is on its way: a backend that queues its work need not wait.
    const reads: Promise<void>[] = [];
    for (let start = 0; start < samples.indices.length; start += EVALUATION_BATCH) {
      signal?.throwIfAborted();
      const batch = makeBatch(samples.indices.slice(start, start + EVALUATION_BATCH));
      useBackend(this.#backend);
      const output = tf.tidy(() => {
        const { inputs } = batchTensors(batch, this.#inputShape, this.#classes);
        return this.#layers.apply(inputs) as tf.Tensor2D;
      });
      reads.push(count(output, batch));
      if (READS_EACH_STEP.has(this.#backend)) await reads.at(-1);
      await giveWay();
    }
    await Promise.all(reads);
    return { correct, total: samples.indices.length, ...(this.#classes === 1 && { absoluteError }) };
  }

  /** The variables of all weights, in manifest order. */
  #variables(): tf.Variable[] {
    return this.#layers.weights.map((weight) => weight.read() as tf.Variable);
  }

  /** The trainable weights that this training moves. @throws {ArtifactError} when it is to move by other tensors. */
  #moving({ moves = () => true, proximal, correction }: TrainOptions): MovingWeight[] {
    if (proximal !== undefined) checkTensors(proximal.anchor, this.specs);
    if (correction !== undefined) checkTensors(correction, this.specs);
    return this.#layers.trainableWeights
      .map((weight) => ({ name: weight.originalName, variable: weight.read() as tf.Variable }))
      .filter(({ name }) => moves(name));
  }

  #write(weights: ModelTensors): void {
    checkTensors(weights, this.specs);
    tf.tidy(() => {
      this.#variables().forEach((variable, i) => {
        const tensor = weights[i];
        if (tensor !== undefined) variable.assign(tf.tensor(tensor.data, [...tensor.shape]));
      });
    });
  }

  #read(): Promise<NamedTensor[]> {
    return Promise.all(
      this.#variables().map(async (variable, i) => ({
        name: this.specs[i]?.name ?? "",
        shape: this.specs[i]?.shape ?? [],
        data: Float32Array.from(await variable.data()),
      })),
    );
  }
}

/** Gives tensors that hold only numbers. @throws {TrainingDivergedError} naming the first that does not. */
function checkedFinite(tensors: ModelTensors): ModelTensors {
  const bad = tensors.find(({ data }) => !isAllFinite(data));
  if (bad !== undefined) throw diverged(`${bad.name} is not finite`);
  return tensors;
}

/** Whether all values are finite; a plain loop, since a callback for each of millions of weights costs more than a step. */
function isAllFinite(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}

/** How many rows of logits, [labels.length, classes] row-major, are greatest at the row's label. */
function correctAnswers(logits: ArrayLike<number>, labels: readonly number[], classes: number): number {
  return labels.filter((label, row) => label === argmax(logits, row, classes)).length;
}

/** Sum over the samples of |output - target|. */
function absoluteErrorSum(outputs: ArrayLike<number>, targets: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < outputs.length; i++) sum += Math.abs((outputs[i] ?? 0) - (targets[i] ?? 0));
  return sum;
}

/** The class of the greatest logit of a row; ties go to the lowest class. */
function argmax(logits: ArrayLike<number>, row: number, classes: number): number {
  let best = 0;
  for (let label = 1; label < classes; label++) {
    if ((logits[row * classes + label] ?? 0) > (logits[row * classes + best] ?? 0)) best = label;
  }
  return best;
}
