import canonicalize from "canonicalize";
import { z } from "zod";
import { compressionSchema } from "./compressionTerms.ts";
import { datasetSchema } from "./datasetTerms.ts";
import { ArtifactError } from "../errors.ts";
import { privacySchema } from "./privacyTerms.ts";
import { MANIFEST_TERMS } from "../terms/manifestTerms.ts";

const positiveInt = z.number().int().positive();

/** The bounds within which a publisher may ask a node to work. */
export const MANIFEST_LIMITS = {
  maxBytes: 1 << 20,
  maxTensors: 512,
  maxParameters: 50_000_000,
  maxEpochs: MANIFEST_TERMS.localEpochs.most,
  maxBatchSize: MANIFEST_TERMS.batchSize.most,
  maxNameLength: MANIFEST_TERMS.name.most,
  maxDescriptionLength: MANIFEST_TERMS.description.most,
} as const;

const tensorSpec = z.strictObject({ name: z.string().min(1).max(200), shape: z.array(positiveInt).max(8) });

/** Which split the negotiation scores: never the one that is reported. */
const negotiationSplit = z.literal("validation");

/** What the negotiation's scores mean. */
const evaluationSchema = z.discriminatedUnion("metric", [
  /** Right answers in basis points; higher is better. */
  z.strictObject({ metric: z.literal("accuracy"), negotiationSplit }),
  /** Mean absolute error times `scale`, rounded, at most the terms' maxScore; lower is better. */
  z.strictObject({
    metric: z.literal("mae"),
    scale: z.number().positive().max(MANIFEST_TERMS.maeScale.most),
    negotiationSplit,
  }),
]);
export type EvaluationTerms = z.infer<typeof evaluationSchema>;

const schema = z.strictObject({
  format: z.literal("concordat/manifest/1"),
  name: z.string().min(1).max(MANIFEST_LIMITS.maxNameLength),
  description: z.string().max(MANIFEST_LIMITS.maxDescriptionLength),
  model: z.strictObject({
    /** Keras JSON as `model.toJSON(null, false)` of TensorFlow.js gives it; logits out, no softmax on the last layer. */
    topology: z.record(z.string(), z.unknown()),
    /** All weights, trainable or not, in the order in which artifacts hold them. */
    tensors: z.array(tensorSpec).min(1).max(MANIFEST_LIMITS.maxTensors),
  }),
  dataset: datasetSchema,
  training: z.strictObject({
    optimiser: z.literal("sgd"),
    learningRate: z.number().positive().max(MANIFEST_TERMS.learningRate.most),
    momentum: z.number().min(0).lt(1),
    /** E: passes over the node's training split in one round. */
    localEpochs: z.number().int().min(1).max(MANIFEST_LIMITS.maxEpochs),
    /** B: samples a step; the last, smaller batch is kept. */
    batchSize: z.number().int().min(1).max(MANIFEST_LIMITS.maxBatchSize),
    /** Seeds shuffles, with round and member mixed in. */
    seed: z.number().int().min(0).max(MANIFEST_TERMS.seed.most),
  }),
  evaluation: evaluationSchema,
  privacy: privacySchema,
  compression: compressionSchema,
});

/**
 * What a task asks its nodes to compute: model, data schema, hyperparameters, evaluation, privacy, compression.
 * Stored as canonical JSON (RFC 8785) and named by its digest in the task's terms (DESIGN.md section 7).
 */
export type TaskManifest = z.infer<typeof schema>;

/** The canonical bytes of a manifest. @throws {ArtifactError} when it breaks the schema. */
export function encodeManifest(manifest: TaskManifest): Uint8Array {
  const bytes = new TextEncoder().encode(canonicalText(checkManifest(manifest)));
  checkSize(bytes);
  return bytes;
}

/**
 * Parses manifest bytes that were already verified against their digest.
 * @throws {ArtifactError} on oversized, malformed or non-canonical bytes, and on unknown or bad fields, which it names.
 */
export function decodeManifest(bytes: Uint8Array): TaskManifest {
  checkSize(bytes);
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new ArtifactError("The manifest is not JSON", { cause });
  }
  const manifest = checkManifest(value);
  if (canonicalText(manifest) !== text)
    throw new ArtifactError("The manifest is not in canonical form (RFC 8785)");
  return manifest;
}

/** Checks a manifest against the schema and its cross-field rules. @throws {ArtifactError} naming the first bad field. */
export function checkManifest(value: unknown): TaskManifest {
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where =
      issue === undefined || issue.path.length === 0 ? "manifest" : `manifest.${issue.path.join(".")}`;
    throw new ArtifactError(`${where}: ${issue?.message ?? "invalid"}`, {
      hint: "Correct this field of the manifest",
    });
  }
  const { dataset, evaluation, model } = result.data;
  const metric = dataset.classes === 1 ? "mae" : "accuracy";
  if (evaluation.metric !== metric) {
    throw new ArtifactError(
      `manifest.evaluation.metric: must be ${metric} for ${dataset.classes === 1 ? "a number to predict" : "classes"}`,
    );
  }
  const names = new Set(model.tensors.map((tensor) => tensor.name));
  if (names.size !== model.tensors.length)
    throw new ArtifactError("manifest.model.tensors: a name appears twice");
  const parameters = model.tensors.reduce((sum, t) => sum + t.shape.reduce((n, d) => n * d, 1), 0);
  if (parameters > MANIFEST_LIMITS.maxParameters) {
    throw new ArtifactError(
      `manifest.model has ${parameters} parameters, but at most ${MANIFEST_LIMITS.maxParameters} are allowed`,
    );
  }
  return result.data;
}

function checkSize({ length }: Uint8Array): void {
  if (length > MANIFEST_LIMITS.maxBytes) {
    throw new ArtifactError(
      `The manifest has ${length} bytes, but at most ${MANIFEST_LIMITS.maxBytes} are allowed`,
    );
  }
}

/** Fails on a lone surrogate, and on a topology that is nested too deeply to be walked. */
function canonicalText(manifest: TaskManifest): string {
  try {
    return canonicalize(manifest) ?? "";
  } catch (cause) {
    throw new ArtifactError("The manifest has no canonical form (RFC 8785)", { cause });
  }
}
