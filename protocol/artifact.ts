import type { Digest, NodeId, TaskId } from "./ids.ts";
import { ZERO_DIGEST } from "./ids.ts";
import { artifactFault, decodeSafetensors, encodeSafetensors, safetensorsBytes } from "./safetensors.ts";
import type { SafetensorsMetadata } from "./safetensors.ts";
import type { ModelTensors, TensorSpec } from "./tensors.ts";

/** Names this version of the format in every artifact. */
export const ARTIFACT_FORMAT = "concordat/artifact/1";

/** `global`: an aggregate, or the initial model. `update`: what one node trained in one round. */
export type ArtifactRole = "global" | "update";

/** What an artifact says about itself. For role `global` nothing depends on leader, attempt or time. */
export interface ArtifactMetadata {
  readonly role: ArtifactRole;
  /** 0 for the initial model, which exists before its task. */
  readonly task: TaskId | 0;
  /** The round that made it, from 1; 0 for the initial model. */
  readonly round: number;
  /** Who trained it; 0 for role `global`. */
  readonly node: NodeId | 0;
  /** Digest of the global model it starts from, w_G of the round before; zero for the initial model. */
  readonly base: Digest;
}

/** A model with what it says about itself. */
export interface Artifact {
  readonly metadata: ArtifactMetadata;
  readonly tensors: ModelTensors;
}

/** What the reader of an artifact knows beforehand; a given field that differs is an error. */
export interface ArtifactExpectation extends Partial<ArtifactMetadata> {
  readonly specs: readonly TensorSpec[];
}

/** The metadata of a task's initial model: made by its publisher before the task has a number. */
export const INITIAL_MODEL: ArtifactMetadata = {
  role: "global",
  task: 0,
  round: 0,
  node: 0,
  base: ZERO_DIGEST,
};

const KEYS = ["base", "format", "node", "role", "round", "task"] as const;

/**
 * The one canonical byte form of a model (DESIGN.md section 7).
 * @throws {ArtifactError} when the metadata contradict themselves, a tensor does not fit its shape, or a value is not finite.
 */
export function encodeArtifact(metadata: ArtifactMetadata, tensors: ModelTensors): Uint8Array {
  checkConsistency(metadata);
  return encodeSafetensors(toStrings(metadata), tensors);
}

/**
 * Parses artifact bytes that were already verified against their digest. The tensors may be views of `bytes`.
 * @throws {ArtifactError} naming the broken rule in `facts.fault`.
 */
export function decodeArtifact(bytes: Uint8Array, expectation: ArtifactExpectation): Artifact {
  const { specs, ...expected } = expectation;
  const { metadata: strings, tensors } = decodeSafetensors(bytes, specs);
  const metadata = fromStrings(strings);
  checkConsistency(metadata);
  for (const key of ["role", "task", "round", "node", "base"] as const) {
    const value = expected[key];
    if (value !== undefined && value !== metadata[key]) {
      throw artifactFault("wrong-metadata", `The artifact's ${key} is ${metadata[key]}, not ${value}`);
    }
  }
  return { metadata, tensors };
}

/** Bytes that no artifact of a model with these specs exceeds: the bound for fetching one. */
export function maxArtifactBytes(specs: readonly TensorSpec[]): number {
  const largest = String(Number.MAX_SAFE_INTEGER);
  const longest = {
    ...toStrings({ ...INITIAL_MODEL, role: "update" }),
    task: largest,
    round: largest,
    node: largest,
  };
  return safetensorsBytes(longest, specs);
}

function toStrings({ role, task, round, node, base }: ArtifactMetadata): SafetensorsMetadata {
  return { format: ARTIFACT_FORMAT, role, task: `${task}`, round: `${round}`, node: `${node}`, base };
}

function fromStrings(strings: SafetensorsMetadata): ArtifactMetadata {
  if (Object.keys(strings).toSorted().join() !== KEYS.join()) {
    throw artifactFault("wrong-metadata", `The artifact's metadata are not exactly ${KEYS.join(", ")}`);
  }
  const { format, role = "", base = "" } = strings;
  if (format !== ARTIFACT_FORMAT)
    throw artifactFault("wrong-metadata", `The artifact's format is not ${ARTIFACT_FORMAT}`);
  if (role !== "global" && role !== "update")
    throw artifactFault("wrong-metadata", `The artifact's role "${role}" is unknown`);
  if (!/^0x[0-9a-f]{64}$/.test(base))
    throw artifactFault("wrong-metadata", "The artifact's base is not a digest");
  return {
    role,
    task: wholeNumber("task", strings["task"]) as TaskId | 0,
    round: wholeNumber("round", strings["round"]),
    node: wholeNumber("node", strings["node"]) as NodeId | 0,
    base: base as Digest,
  };
}

function wholeNumber(key: string, text = ""): number {
  const value = Number(text);
  if (!/^(0|[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value)) {
    throw artifactFault("wrong-metadata", `The artifact's ${key} "${text}" is not a whole number`);
  }
  return value;
}

/** An update names its node, task and round; a global model names no node; only the initial model has task and round 0. */
function checkConsistency({ role, task, round, node, base }: ArtifactMetadata): void {
  const initial = task === 0;
  if (initial !== (round === 0) || (initial && (role === "update" || base !== ZERO_DIGEST))) {
    throw artifactFault("wrong-metadata", "Only an initial model has task 0, and then round 0 and no base");
  }
  if ((role === "global") !== (node === 0)) {
    throw artifactFault("wrong-metadata", "An update names its node, a global model names none");
  }
}
