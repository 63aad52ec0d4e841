import type { Logger } from "pino";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import type { Dataset } from "@concordat/learning/data/dataset";
import { drawRecords } from "@concordat/learning/data/drawRecords";
import { partitionNode } from "@concordat/learning/partition/partition";
import { type NodePartition } from "@concordat/learning/partition/nodePartition";
import { readPartition } from "@concordat/learning/data/partitionFile";
import { samplerFor } from "@concordat/learning/data/samples";
import { GrowingData } from "./growingData.ts";
import { logDraw, logReport, TRAINING } from "./logData.ts";
import { loadOwnDataset } from "./loadOwnDataset.ts";
import type { NodeConfig } from "../setup/nodeConfig.ts";
import type { TaskData } from "./taskData.ts";

export interface TaskDataOptions {
  /** What the manifest says. */
  readonly terms: DatasetTerms;
  readonly dataset: Dataset;
  readonly config: NodeConfig["dataset"];
  /** Training records that the terms allow one update to claim: more are not trained on, but drawn from. */
  readonly maxSamples: number;
  /** Seeds the draws; the task's own, or else that of the partition. */
  readonly seed?: number;
  /** The task's folder. */
  readonly dir: string;
  readonly logger: Logger;
}

/** The node's part of the dataset. @throws {InputError} when the configuration does not fit the data. */
export async function openTaskData(options: TaskDataOptions): Promise<TaskData> {
  const { terms, dataset, config, maxSamples, logger } = options;
  const { partition, dir: folder } = config;
  if (partition.kind === "own") {
    const { seed, validationShare } = partition;
    const reload = () => loadOwnDataset(terms, folder);
    return GrowingData.open({ seed, ...options, validationShare, folder, reload });
  }
  const part = await partOf(dataset, partition);
  logReport(dataset, logger);
  const seed = options.seed ?? ("seed" in partition ? partition.seed : 0);
  const train = drawRecords(dataset.train, part.train, { count: maxSamples, seed, purpose: TRAINING });
  logDraw(terms, dataset.train, { of: part.train, train }, logger);
  const samples = samplerFor(terms, dataset.train, train);
  return {
    train: samples(dataset.train, train),
    validation: samples(dataset.train, part.validation),
    refresh: () => Promise.resolve(),
  };
}

export async function partOf(
  dataset: Dataset,
  options: Exclude<NodeConfig["dataset"]["partition"], { kind: "own" }>,
): Promise<NodePartition> {
  if (options.kind !== "file") {
    const { index, ...spec } = options;
    return partitionNode({ dataset, ...spec }, index);
  }
  const { nodes } = await readPartition(options.file, dataset, options.digest);
  const part = nodes[options.index];
  if (part !== undefined) return part;
  throw new InputError(`${options.file} has ${nodes.length} nodes, but no node ${options.index}`, {
    hint: "Correct dataset.partition.index in node.yaml",
  });
}
