import { createHash, createHmac } from "node:crypto";
import { recordSize } from "@concordat/protocol/manifest/datasetTerms";
import { Keystream } from "./keystream.ts";
import { addLaplaceNoise } from "../privacy/laplaceNoise.ts";
import { batchMaker, type Samples } from "../data/samples.ts";

/**
 * Paper 2, section IV-C: every normalised feature is bounded to +-sqrt(N - 1), N being the batch size, and gets Laplace noise
 * of scale 2 sqrt(N - 1) / epsilon. The features are what enters the model: the paper takes them behind convolutions whose
 * own gradients then see the records without noise, and those would be published here with the model.
 *
 * The noise of a record is drawn from a secret key and the record itself, counted where it stands several times. So it is
 * the same in every epoch and round: a record is published once, not once a pass. And no two records share noise, whatever
 * place they stand at.
 *
 * @param samples Normalised by the manifest: a normalisation that moves would publish records again.
 * @param key 32 secret bytes, the same for a whole task.
 */
export function noisyFeatures(
  samples: Samples,
  epsilon: number,
  batchSize: number,
  key: Uint8Array,
): Samples {
  const { split, indices, inputShape } = samples;
  const bound = Math.sqrt(batchSize - 1);
  const size = recordSize({ inputShape });
  const makeBatch = batchMaker(samples);
  const features = new Float32Array(indices.length * size);
  const labels = new Uint16Array(indices.length);
  const targets = split.targets && new Float32Array(indices.length);
  const keyOf = recordKeys(key);
  indices.forEach((index, row) => {
    const { inputs } = makeBatch([index]);
    const bounded = inputs.map((x) => Math.max(-bound, Math.min(bound, x)));
    addLaplaceNoise(bounded, (2 * bound) / epsilon, new Keystream(keyOf(inputs)));
    features.set(bounded, row * size);
    labels[row] = split.labels[index] ?? 0;
    if (targets !== undefined) targets[row] = split.targets?.[index] ?? 0;
  });
  const channels = inputShape.at(-1) ?? 1;
  return {
    split: { features, labels, ...(targets !== undefined && { targets }), count: indices.length },
    indices: indices.map((_, row) => row),
    inputShape,
    mean: Array.from({ length: channels }, () => 0),
    std: Array.from({ length: channels }, () => 1),
  };
}

/** Gives each record a key of its own; the next one to a record that is equal to an earlier one. */
function recordKeys(key: Uint8Array): (record: Float32Array) => Uint8Array {
  const seen = new Map<string, number>();
  return ({ buffer, byteOffset, byteLength }) => {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const digest = createHash("sha256").update(bytes).digest("hex");
    const count = seen.get(digest) ?? 0;
    seen.set(digest, count + 1);
    return createHmac("sha256", key).update(`${count}/${digest}`).digest();
  };
}
