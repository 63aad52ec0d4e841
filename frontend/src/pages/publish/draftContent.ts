import type { DatasetTerms } from "../../../../protocol/datasetTerms.ts";
import type { TaskManifest } from "../../../../protocol/manifest.ts";
import type { PrivacyTerms } from "../../../../protocol/privacyTerms.ts";
import { compressionOf } from "../../../../protocol/compressionTerms.ts";
import type { CompressionTerms } from "../../../../protocol/compressionTerms.ts";
import type { TaskContent } from "../../../../oracle-nodes/src/learning/taskFiles.ts";
import type { Draft } from "./draft.ts";
import { draftNumber } from "./draftNumber.ts";

/** What a draft without faults puts into the manifest beside its model. */
export function draftContent(draft: Draft, dataset: DatasetTerms, privacy: PrivacyTerms): TaskContent {
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    dataset,
    training: draftTraining(draft),
    maeScale: draftNumber(draft, "maeScale"),
    privacy,
    compression: draftCompression(draft),
  };
}

export function draftTraining(draft: Draft): TaskManifest["training"] {
  return {
    optimiser: "sgd",
    learningRate: draftNumber(draft, "learningRate"),
    momentum: draftNumber(draft, "momentum"),
    localEpochs: draftNumber(draft, "localEpochs"),
    batchSize: draftNumber(draft, "batchSize"),
    seed: draftNumber(draft, "seed"),
  };
}

export function draftCompression(draft: Draft): CompressionTerms {
  return compressionOf(draft.compression, draftNumber(draft, "keepBps"));
}
