import { OFFICIAL_TERMS } from "../../../../oracle-nodes/src/learning/data/officialTerms.ts";
import { INITIAL_MODEL, encodeArtifact, maxArtifactBytes } from "../../../../protocol/artifact.ts";
import { buildDag } from "../../../../protocol/contentAddress.ts";
import type { Dag } from "../../../../protocol/contentAddress.ts";
import { encodeManifest } from "../../../../protocol/manifest.ts";
import type { TaskManifest } from "../../../../protocol/manifest.ts";
import { initialModel } from "../../learning/initialModel.ts";
import type { Draft } from "./draft.ts";

/** A file with its blocks and the digest that names it on chain. */
export interface BuiltFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly dag: Dag;
}

/** The two artifacts that a task's terms name. */
export interface TaskFiles {
  readonly manifest: BuiltFile;
  readonly initial: BuiltFile;
  readonly maxArtifactBytes: number;
}

/** Makes a task's manifest and initial model. @throws {ArtifactError} | {InputError} naming the field that is wrong. */
export async function buildFiles(draft: Draft): Promise<TaskFiles> {
  const dataset = OFFICIAL_TERMS[draft.dataset];
  const seed = Number(draft.seed);
  const { model, weights } = await initialModel(draft.model, dataset.inputShape, dataset.classes, seed);
  const manifest: TaskManifest = {
    format: "concordat/manifest/1",
    name: draft.name.trim(),
    description: draft.description.trim(),
    model,
    dataset,
    training: {
      optimiser: "sgd",
      learningRate: Number(draft.learningRate),
      momentum: Number(draft.momentum),
      localEpochs: Number(draft.localEpochs),
      batchSize: Number(draft.batchSize),
      seed,
    },
    evaluation: { metric: "accuracy", negotiationSplit: "validation" },
    privacy: privacyOf(draft),
    compression: { kind: "none" },
  };
  const manifestFile = await built("manifest.json", encodeManifest(manifest));
  return {
    manifest: manifestFile,
    initial: await built("initial-model.safetensors", encodeArtifact(INITIAL_MODEL, weights)),
    maxArtifactBytes: Math.max(maxArtifactBytes(model.tensors), manifestFile.bytes.length, 1024),
  };
}

function privacyOf({ privacy, clip, noiseMultiplier, delta }: Draft): TaskManifest["privacy"] {
  if (privacy === "none") return { kind: "none" };
  return {
    kind: privacy,
    clip: Number(clip),
    noiseMultiplier: Number(noiseMultiplier),
    delta: Number(delta),
  };
}

async function built(name: string, bytes: Uint8Array): Promise<BuiltFile> {
  return { name, bytes, dag: await buildDag(bytes) };
}
