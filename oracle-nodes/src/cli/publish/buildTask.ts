import { INITIAL_MODEL, encodeArtifact, maxArtifactBytes } from "../../../../protocol/artifact.ts";
import { maxUpdateBytes } from "../../../../protocol/compressedUpdate.ts";
import type { CompressionTerms } from "../../../../protocol/compressionTerms.ts";
import { digestOf } from "../../../../protocol/contentAddress.ts";
import type { Digest } from "../../../../protocol/ids.ts";
import { encodeManifest } from "../../../../protocol/manifest.ts";
import type { DatasetTerms } from "../../../../protocol/datasetTerms.ts";
import type { EvaluationTerms, TaskManifest } from "../../../../protocol/manifest.ts";
import type { PrivacyTerms } from "../../../../protocol/privacyTerms.ts";
import { createEngine } from "../../learning/engine.ts";
import { manifestModel } from "../../learning/manifestModel.ts";
import { DATASET_DEFAULTS } from "./datasetDefaults.ts";
import { readModel } from "../../learning/readModel.ts";

/** What a publisher says about the learning; the rest comes from the dataset's defaults. */
export interface LearningSettings {
  readonly name: string;
  readonly description: string;
  readonly dataset: DatasetTerms;
  /** A built-in model, or a .json file with a topology. */
  readonly model?: string;
  readonly localEpochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly momentum?: number;
  /** For a number to predict: the score of a mean absolute error of 1. */
  readonly maeScale?: number;
  /** Seeds the initial model and the shuffles. */
  readonly seed: number;
  /** None by default. */
  readonly compression?: CompressionTerms;
  /** None by default; may depend on how nodes train. */
  readonly privacy?: (training: TaskManifest["training"]) => PrivacyTerms;
}

/** A file with the digest that names it on chain. */
export interface NamedBytes {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

/** What a task trains: the two artifacts that its terms name. */
export interface TaskFiles {
  readonly manifest: TaskManifest;
  readonly manifestFile: NamedBytes;
  readonly initialModel: NamedBytes;
  /** Bytes that no model or update can exceed. */
  readonly maxArtifactBytes: number;
}

/**
 * Makes a task's manifest and initial model.
 * @throws {InputError} | {ArtifactError} when the model is unknown, unsupported or does not fit the dataset.
 */
export async function buildTask(settings: LearningSettings): Promise<TaskFiles> {
  const { dataset } = settings;
  const { inputShape, classes } = dataset;
  const defaults = DATASET_DEFAULTS[dataset.name];
  const topology = await readModel(settings.model ?? defaults.model, inputShape, classes);
  const training: TaskManifest["training"] = {
    optimiser: "sgd",
    learningRate: settings.learningRate ?? defaults.learningRate,
    momentum: settings.momentum ?? defaults.momentum,
    localEpochs: settings.localEpochs ?? defaults.localEpochs,
    batchSize: settings.batchSize ?? defaults.batchSize,
    seed: settings.seed,
  };
  const manifest: TaskManifest = {
    format: "concordat/manifest/1",
    name: settings.name,
    description: settings.description,
    model: await manifestModel(topology, inputShape, classes),
    dataset,
    training,
    evaluation: evaluationOf(dataset, settings.maeScale),
    privacy: settings.privacy?.(training) ?? { kind: "none" },
    compression: settings.compression ?? { kind: "none" },
  };
  const { tensors } = manifest.model;
  return {
    manifest,
    manifestFile: await named(encodeManifest(manifest)),
    initialModel: await named(await initialModel(manifest)),
    maxArtifactBytes: Math.max(maxArtifactBytes(tensors), maxUpdateBytes(tensors, manifest.compression)),
  };
}

function evaluationOf({ classes }: DatasetTerms, scale = 1000): EvaluationTerms {
  const negotiationSplit = "validation";
  return classes === 1
    ? { metric: "mae", scale, negotiationSplit }
    : { metric: "accuracy", negotiationSplit };
}

async function initialModel({ model, dataset, training }: TaskManifest): Promise<Uint8Array> {
  const engine = await createEngine("auto");
  const loaded = await engine.load(model, dataset.inputShape, dataset.classes);
  const bytes = encodeArtifact(INITIAL_MODEL, loaded.initialise(training.seed));
  loaded.dispose();
  return bytes;
}

async function named(bytes: Uint8Array): Promise<NamedBytes> {
  return { bytes, digest: await digestOf(bytes) };
}
