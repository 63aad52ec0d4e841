import type { CompressionTerms } from "@concordat/protocol/manifest/compressionTerms";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import { DATASET_DEFAULTS } from "../data/datasetDefaults.ts";
import { createEngine } from "../engines/createEngine.ts";
import { readModel } from "../data/readModel.ts";
import { makeTaskFiles } from "./taskFiles.ts";
import type { StartingModel, TaskFiles } from "./taskFiles.ts";
import { tryTask } from "./tryTask.ts";

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

/**
 * Makes a task's manifest and initial model, and takes one step with them, as every node will.
 * @throws {InputError} | {ArtifactError} when the model is unknown, unsupported or does not fit the dataset.
 */
export async function buildTask(settings: LearningSettings): Promise<TaskFiles> {
  const { name, description, dataset, maeScale, compression = { kind: "none" } } = settings;
  const defaults = DATASET_DEFAULTS[dataset.name];
  const training: TaskManifest["training"] = {
    optimiser: "sgd",
    learningRate: settings.learningRate ?? defaults.learningRate,
    momentum: settings.momentum ?? defaults.momentum,
    localEpochs: settings.localEpochs ?? defaults.localEpochs,
    batchSize: settings.batchSize ?? defaults.batchSize,
    seed: settings.seed,
  };
  const privacy = settings.privacy?.(training) ?? { kind: "none" };
  const files = await makeTaskFiles(
    {
      name,
      description,
      dataset,
      training,
      privacy,
      compression,
      ...(maeScale !== undefined && { maeScale }),
    },
    await startingModel(settings.model ?? defaults.model, dataset, settings.seed),
  );
  await tryTask(files.manifest);
  return files;
}

async function startingModel(
  name: string,
  { inputShape, classes }: DatasetTerms,
  seed: number,
): Promise<StartingModel> {
  const topology = await readModel(name, inputShape, classes);
  const engine = await createEngine("auto");
  const model = await engine.load({ topology }, inputShape, classes);
  const tensors = model.specs.map((spec) => ({ name: spec.name, shape: [...spec.shape] }));
  const weights = model.initialise(seed);
  model.dispose();
  return { model: { topology, tensors }, weights };
}
