import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import { compressionOf } from "@concordat/protocol/manifest/compressionTerms";
import type { CompressionTerms } from "@concordat/protocol/manifest/compressionTerms";
import type { TaskContent } from "@concordat/learning/tasks/taskFiles";
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
