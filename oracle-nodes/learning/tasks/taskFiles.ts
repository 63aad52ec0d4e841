import { INITIAL_MODEL, encodeArtifact, maxArtifactBytes } from "@concordat/protocol/artifacts/artifact";
import { maxUpdateBytes } from "@concordat/protocol/artifacts/compressedUpdate";
import type { CompressionTerms } from "@concordat/protocol/manifest/compressionTerms";
import { digestOf } from "@concordat/protocol/artifacts/contentAddress";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { Digest } from "@concordat/protocol/ids";
import { encodeManifest } from "@concordat/protocol/manifest/manifest";
import type { EvaluationTerms, TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";

/** What a task's nodes learn, all but the model. */
export interface TaskContent {
  readonly name: string;
  readonly description: string;
  readonly dataset: DatasetTerms;
  readonly training: TaskManifest["training"];
  /** For a number to predict: the score of a mean absolute error of 1. */
  readonly maeScale?: number;
  readonly privacy: PrivacyTerms;
  readonly compression: CompressionTerms;
}

/** A model as a manifest describes it, with the weights that everyone starts from. */
export interface StartingModel {
  readonly model: TaskManifest["model"];
  readonly weights: ModelTensors;
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
 * Makes a task's manifest and initial model: the same bytes wherever they are made.
 * @throws {ArtifactError} naming the first field of the manifest that is wrong.
 */
export async function makeTaskFiles(
  { maeScale, ...content }: TaskContent,
  { model, weights }: StartingModel,
): Promise<TaskFiles> {
  const manifest: TaskManifest = {
    format: "concordat/manifest/1",
    ...content,
    model,
    evaluation: evaluationOf(content.dataset, maeScale),
  };
  const { tensors } = model;
  return {
    manifest,
    manifestFile: await named(encodeManifest(manifest)),
    initialModel: await named(encodeArtifact(INITIAL_MODEL, weights)),
    maxArtifactBytes: Math.max(maxArtifactBytes(tensors), maxUpdateBytes(tensors, content.compression)),
  };
}

/** How negotiation scores: accuracy, or for a number to predict the mean absolute error. */
export function evaluationOf({ classes }: Pick<DatasetTerms, "classes">, scale = 1000): EvaluationTerms {
  const negotiationSplit = "validation";
  return classes === 1
    ? { metric: "mae", scale, negotiationSplit }
    : { metric: "accuracy", negotiationSplit };
}

async function named(bytes: Uint8Array): Promise<NamedBytes> {
  return { bytes, digest: await digestOf(bytes) };
}
