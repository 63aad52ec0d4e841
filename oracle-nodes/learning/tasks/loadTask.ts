import { InputError } from "@concordat/protocol/errors";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { type Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/loadDataset.ts";
import { type Engine, type EngineChoice, type TrainableModel } from "../engines/engine.ts";
import { createEngine } from "../engines/createEngine.ts";
import { samplerFor, type Sampler } from "../data/samples.ts";

export interface LoadTaskOptions {
  /** Folder with the dataset's files; `digits` needs none. */
  readonly datasetDir?: string;
  readonly engine?: EngineChoice;
  /** Folder for the files of an engine that is a program. */
  readonly trainers?: string;
  /** A dataset that is in memory already, instead of `datasetDir`. */
  readonly dataset?: Dataset;
}

/** A task ready to compute: its data and its model in an engine. */
export interface LearningTask {
  readonly dataset: Dataset;
  /** What the model runs on, and why. */
  readonly engine: Pick<Engine, "name" | "reason">;
  readonly model: TrainableModel;
  /**
   * Makes samples for the node that trains on these records of `dataset.train`, normalised as the manifest says: with its
   * numbers, or with those fitted on these records.
   */
  samplerFor(train: readonly number[]): Sampler;
}

/**
 * Loads what a manifest asks for.
 * @throws {InputError} when the data is missing, damaged or does not fit the manifest.
 * @throws {ArtifactError} when the model is unsupported or does not fit the manifest's tensors or data.
 */
export async function loadTask(manifest: TaskManifest, options: LoadTaskOptions = {}): Promise<LearningTask> {
  const dataset = options.dataset ?? (await loadDataset(manifest.dataset, options.datasetDir));
  checkDataset(dataset, manifest.dataset);
  const { inputShape, classes } = manifest.dataset;
  const engine = await createEngine(options.engine ?? "auto", options.trainers);
  const model = await engine.load(manifest.model, inputShape, classes);
  return {
    dataset,
    engine: { name: engine.name, reason: engine.reason },
    model,
    samplerFor: (train) => samplerFor(manifest.dataset, dataset.train, train),
  };
}

/** Checks a dataset against a task's manifest. @throws {InputError} saying what it has and what the manifest says. */
export function checkDataset(dataset: Dataset, expected: TaskManifest["dataset"]): void {
  if (dataset.name !== expected.name) {
    throw new InputError(`The task needs the dataset ${expected.name}, not ${dataset.name}`, {
      hint: `Give the folder of ${expected.name}`,
    });
  }
  if (dataset.inputShape.join() !== expected.inputShape.join() || dataset.classes !== expected.classes) {
    const found = `records of ${dataset.inputShape.join(" x ")} in ${dataset.classes} classes`;
    const wanted = `${expected.inputShape.join(" x ")} in ${expected.classes}`;
    throw new InputError(`${dataset.name} has ${found}, but the task's manifest says ${wanted}`, {
      hint: "Ask the publisher to correct the manifest",
    });
  }
}
