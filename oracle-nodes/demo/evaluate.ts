import { decodeArtifact } from "@concordat/protocol/artifacts/artifact";
import type { Bps, Digest } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import type { Evaluation } from "@concordat/learning/engines/engine";
import type { LearningTask } from "@concordat/learning/tasks/loadTask";
import type { NodePartition } from "@concordat/learning/partition/nodePartition";
import { mix } from "@concordat/learning/training/personalise";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";

/** The test split with images of other classes whose results are shown beside the clean one. */
export const SKEW_BPS = 1000;

/** Results of one model on one node's test splits. */
export interface SchemeResult {
  readonly clean: Evaluation;
  readonly skewed: Evaluation;
}

/** Results of all schemes at one node. */
export interface NodeResult {
  readonly node: number;
  readonly classes: readonly number[];
  /** Share of foreign images in the skewed split, in basis points. */
  readonly skewShareBps: number;
  readonly scei: SchemeResult;
  readonly fedAvg: SchemeResult;
  readonly local: SchemeResult;
}

/** The models that are compared, after the last round. */
export interface ComparedModels {
  /** w_k^T by place in the partition; undefined where a node did not train in the last round. */
  readonly updates: readonly (ModelTensors | undefined)[];
  /** w_G^T, the federation's own. */
  readonly global: ModelTensors;
  /** FedAvg's global model: the same, or of a baseline run where the federation is not FedAvg. */
  readonly fedAvg: ModelTensors;
  readonly local: readonly ModelTensors[];
  readonly alphaBps: Bps;
}

/** Fetches a model by its digest, verified. */
export async function fetchModel(
  store: ArtifactStore,
  files: TaskFiles,
  digest: string,
  providers: readonly string[],
  signal: AbortSignal,
): Promise<ModelTensors> {
  const bytes = await store.get(digest as Digest, {
    maxBytes: files.maxArtifactBytes,
    timeoutMs: 60_000,
    providers,
    signal,
  });
  return decodeArtifact(bytes, { specs: files.manifest.model.tensors }).tensors;
}

/** Scores all schemes on the same test splits of each node. A node without an update has the global model. */
export async function compareSchemes(
  { dataset, model, samplerFor }: LearningTask,
  partitions: readonly NodePartition[],
  models: ComparedModels,
  signal: AbortSignal,
): Promise<NodeResult[]> {
  const results: NodeResult[] = [];
  for (const part of partitions) {
    const skewed = part.skewed.find(({ levelBps }) => levelBps === SKEW_BPS);
    const samples = samplerFor(part.train);
    const score = async (weights: ModelTensors): Promise<SchemeResult> => ({
      clean: await model.evaluate(weights, samples(dataset.test, part.test), signal),
      skewed: await model.evaluate(weights, samples(dataset.test, skewed?.test ?? []), signal),
    });
    const update = models.updates[part.node];
    const local = models.local[part.node];
    if (local === undefined) throw new Error(`The baseline has no model of node ${part.node + 1}`);
    results.push({
      node: part.node + 1,
      classes: part.classes,
      skewShareBps: skewed?.shareBps ?? 0,
      scei: await score(update === undefined ? models.global : mix(models.alphaBps, update, models.global)),
      fedAvg: await score(models.fedAvg),
      local: await score(local),
    });
  }
  return results;
}

/** Accuracy in percent. */
export function accuracy({ correct, total }: Evaluation): number {
  return total === 0 ? 0 : (100 * correct) / total;
}

/** Mean accuracy of a scheme over the nodes, in percent. */
export function meanAccuracy(
  results: readonly NodeResult[],
  scheme: "scei" | "fedAvg" | "local",
  split: keyof SchemeResult,
): number {
  return results.reduce((sum, result) => sum + accuracy(result[scheme][split]), 0) / results.length;
}
