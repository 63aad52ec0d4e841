import { ConcordatError } from "@concordat/protocol/errors";
import type { EvaluationTerms, TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import type { StepPrivacy } from "../training/dpSgd.ts";
import type { Samples } from "../data/samples.ts";
import type { Topology } from "../models/models.ts";
import type { TrainerCommand } from "./process/trainerCommand.ts";

/**
 * The engines, by name: WebAssembly, which runs everywhere; a GPU through WebGPU; TensorFlow's native library on the
 * processor and on a CUDA GPU; plain JavaScript, the slow reference.
 */
export const ENGINE_NAMES = ["wasm", "webgpu", "tensorflow", "tensorflow-gpu", "cpu"] as const;

export type EngineName = (typeof ENGINE_NAMES)[number];

/** An engine's name, "auto", or a program of the operator's (docs/process-trainer.md). */
export type EngineChoice = string | { readonly process: TrainerCommand };

/** What loads models and runs their arithmetic: one TensorFlow.js backend, or a program of the operator's. */
export interface Engine {
  readonly name: EngineName | "process";
  /** Why it is this one, in a few words for a log. */
  readonly reason: string;
  /**
   * Builds a model for records of a shape: [features], [steps, channels] or [height, width, channels].
   * @param tensors The manifest's tensors, when there is a manifest: the topology must have exactly these.
   * @throws {ArtifactError} when the topology is unsupported or does not fit the tensors, the images or the classes.
   */
  load(
    model: { readonly topology: Topology; readonly tensors?: readonly TensorSpec[] },
    inputShape: readonly number[],
    classes: number,
  ): Promise<TrainableModel>;
}

/** Where a training stands, reported after each step. */
export interface TrainingProgress {
  /** 1-based within the round. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done and to do in this call, over all its epochs. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss of this step's batch; absent on engines that queue their work and give losses once an epoch. */
  readonly loss?: number;
}

export interface TrainOptions {
  /** Where training starts. */
  readonly weights: ModelTensors;
  readonly samples: Samples;
  readonly hyper: TaskManifest["training"];
  /** Round and member are mixed into the shuffle's seed. */
  readonly round: number;
  readonly member: number;
  /** FedProx and Ditto: mu (w - anchor) is added to the gradient. */
  readonly proximal?: { readonly anchor: ModelTensors; readonly mu: number };
  /** SCAFFOLD: added to the gradient, c - c_k; zero for tensors that are not trained. */
  readonly correction?: ModelTensors;
  /** FedRep: the tensors that move, by name; the others stand still. Without it all trainable ones move. */
  readonly moves?: (tensor: string) => boolean;
  /** Epochs of this call and the number of the first, when a round trains in several calls: 1..localEpochs by default. */
  readonly epochs?: { readonly first: number; readonly count: number };
  /** Clips and adds noise in every step, and samples records for it instead of shuffling them. */
  readonly privacy?: StepPrivacy;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainingProgress) => void;
}

export interface TrainResult {
  readonly weights: ModelTensors;
  /** Size of the training split: the update's weight in the aggregate. */
  readonly samples: number;
  /** Mean loss over the last epoch. */
  readonly loss: number;
}

/** APFL's personal model beside w: v, and its share a of the mixture a v + (1 - a) w. */
export interface ApflOptions extends TrainOptions {
  readonly personal: ModelTensors;
  /** 0..1. */
  readonly alpha: number;
}

export interface ApflResult extends TrainResult {
  readonly personal: ModelTensors;
  readonly alpha: number;
}

/** Answers of a model on a split. */
export interface Evaluation {
  /** Correct classes; 0 in a regression. */
  readonly correct: number;
  readonly total: number;
  /** In a regression: the sum of |output - target|. */
  readonly absoluteError?: number;
}

/**
 * One model in an engine's memory. Its calls queue up, so that one memory serves training and evaluation in turn;
 * they give way to the event loop every few milliseconds. Equal arguments give equal bits on the same engine.
 */
export interface TrainableModel {
  /** All weights in manifest order. */
  readonly specs: readonly TensorSpec[];
  /** Initial weights from a seed: U(-1/sqrt(fan_in), 1/sqrt(fan_in)), biases too. */
  initialise(seed: number): ModelTensors;
  /**
   * E epochs of SGD with momentum from zero velocity.
   * @throws {TrainingDivergedError} when a loss or weight is no longer finite; the signal's reason when aborted.
   */
  train(options: TrainOptions): Promise<TrainResult>;
  /**
   * As {@link train}, with the personal model trained beside it on the same minibatches, see ApflSteps.
   * @throws {InputError} when the engine cannot.
   */
  trainApfl(options: ApflOptions): Promise<ApflResult>;
  /** Counts correct answers (greatest logit, ties to the lowest class). @throws the signal's reason when aborted. */
  evaluate(weights: ModelTensors, samples: Samples, signal?: AbortSignal): Promise<Evaluation>;
  /** Frees the memory. The model cannot be used after it. */
  dispose(): void;
}

/** Training left the range of numbers: nothing of it can be published. */
export class TrainingDivergedError extends ConcordatError {}

/** Accuracy in basis points, rounded down: the score that negotiation reports. */
export function accuracyBps({ correct, total }: Evaluation): number {
  return total === 0 ? 0 : Math.floor((10_000 * correct) / total);
}

/**
 * Turns an evaluation into the score that negotiation reports: accuracy in basis points, or in a regression
 * min(maxScore, round(mean absolute error * scale)), the worst score where the error is no number.
 */
export function scoreOf(evaluation: EvaluationTerms, maxScore: number): (result: Evaluation) => number {
  if (evaluation.metric === "accuracy") return accuracyBps;
  return ({ absoluteError = Number.NaN, total }) => {
    const score = Math.round((absoluteError / total) * evaluation.scale);
    return Number.isNaN(score) ? maxScore : Math.min(maxScore, score);
  };
}
