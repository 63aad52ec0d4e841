import { access, constants } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { datasetTerms } from "@concordat/learning/data/dataset";
import { loadDataset } from "@concordat/learning/data/loadDataset";
import { loadTask } from "@concordat/learning/tasks/loadTask";
import type { LearningTask } from "@concordat/learning/tasks/loadTask";
import { partition } from "@concordat/learning/partition/partition";
import type { Partition } from "@concordat/learning/partition/nodePartition";
import type { ClassesSpec } from "@concordat/learning/partition/scheme";
import { buildTask } from "@concordat/learning/tasks/buildTask";
import { givenTraining } from "@concordat/learning/trainingOptions";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import { compressionOf } from "@concordat/protocol/manifest/compressionTerms";
import { DATASET_DEFAULTS } from "@concordat/learning/data/datasetDefaults";
import type { DemoOptions } from "./demoOptions.ts";
import { CLASSES_PER_NODE, VALIDATION_PER_CLASS, checkRule } from "./demoTerms.ts";

/** What a demonstration trains, on which data. */
export interface DemoPlan {
  readonly files: TaskFiles;
  readonly learning: LearningTask;
  readonly shares: ClassesSpec;
  readonly partition: Partition;
  /** In a few words, for titles. */
  readonly setting: string;
}

/**
 * Checks everything that a person gave, before anything is made.
 * @throws {InputError} | {ArtifactError} when data, model or numbers do not fit.
 */
export async function prepareDemo(options: DemoOptions): Promise<DemoPlan> {
  checkRule(options);
  if (options.json !== undefined) await checkWritable(options.json);
  const dataset = await loadDataset(options.dataset, options.data);
  if (dataset.classes === 1) {
    throw new InputError(
      `The demonstration compares accuracies, but ${dataset.name} has a number to predict`,
      {
        hint: "Choose a dataset with classes",
      },
    );
  }
  const shares = {
    nodes: options.nodes,
    seed: options.seed,
    classesPerNode: Math.min(CLASSES_PER_NODE, dataset.classes),
    trainPerClass: options.trainPerClass,
    validationPerClass: VALIDATION_PER_CLASS,
  };
  const split = partition({ dataset, ...shares });
  const files = await buildTask({
    name: `Demonstration: ${options.dataset}`,
    description: "A non-IID federation on one machine",
    dataset: datasetTerms(dataset),
    seed: options.seed,
    compression: compressionOf(options.compression),
    ...(options.model !== undefined && { model: options.model }),
    ...givenTraining(options),
  });
  const learning = await loadTask(files.manifest, { dataset });
  const model = options.model ?? DATASET_DEFAULTS[options.dataset].model;
  const setting = `${options.dataset}, ${model}, ${options.nodes} nodes, ${options.rounds} rounds, seed ${options.seed}`;
  return { files, learning, shares, partition: split, setting };
}

/** A result that cannot be written is found out before the work, not after it. */
async function checkWritable(file: string): Promise<void> {
  try {
    await access(dirname(resolve(file)), constants.W_OK);
  } catch (cause) {
    throw new InputError(`The results cannot be written to ${file}`, {
      hint: "Choose an existing folder with --json",
      cause,
    });
  }
}
