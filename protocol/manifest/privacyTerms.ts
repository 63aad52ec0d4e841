import { z } from "zod";
import { InputError } from "../errors.ts";
import { MANIFEST_TERMS } from "../terms/manifestTerms.ts";

const { clip: norm, noiseMultiplier: noise, epsilon: budget } = MANIFEST_TERMS;

/** Values stand in the manifest as they are; what makes them bad is said by {@link checkPrivacy} and these messages. */
const above0 = (what: string, max: number) =>
  z.number().gt(0, `${what} must be above 0`).max(max, `${what} must be at most ${max}`);
const clip = above0("clip: a norm of 0 leaves nothing to learn from, so it", norm.most);
const noiseMultiplier = above0("noiseMultiplier: without noise nothing is private, so it", noise.most).min(
  noise.least,
  "noiseMultiplier: noise below a hundredth of the clipping norm protects nothing, so it must be at least 0.01",
);
const epsilon = above0("epsilon: no noise gives a budget of 0, so it", budget.most);
const delta = z
  .number()
  .gt(0, "delta: a Gaussian guarantee needs some, so it must be above 0")
  .lt(1, "delta: from 1 on it promises nothing, so it must be below 1");

/**
 * How an update is made private before it leaves its node. `delta` is that of the guarantee that a node reports as spent.
 */
export const privacySchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  /**
   * DP-SGD (Abadi et al. 2016): every record takes part in a step with probability batchSize / n, its gradient is clipped
   * to the L2 norm `clip`, and normal noise of deviation noiseMultiplier * clip is added to the sum.
   */
  z.strictObject({ kind: z.literal("dp-sgd"), clip, noiseMultiplier, delta }),
  /**
   * Paper 3, section 4.1: as above with Laplace noise of scale clip / epsilon. Its epsilon is nominal: Laplace noise
   * protects by L1 norm, and the gradient is clipped in L2.
   */
  z.strictObject({ kind: z.literal("laplace-gradient"), clip, epsilon, delta }),
  /**
   * Paper 5, Eq. 4: normal noise on the update. The change of the whole model is clipped to the L2 norm `clip`, without
   * which there is no guarantee at all, and noise of deviation noiseMultiplier * clip is added to it.
   */
  z.strictObject({ kind: z.literal("gaussian-update"), clip, noiseMultiplier, delta }),
  /**
   * Paper 2, section IV-C: features are bounded to +-sqrt(batchSize - 1) and get Laplace noise of scale
   * 2 sqrt(batchSize - 1) / epsilon each. Its epsilon is nominal: it holds for one value of a record, not for the record.
   */
  z.strictObject({ kind: z.literal("laplace-features"), epsilon, delta }),
]);
export type PrivacyTerms = z.infer<typeof privacySchema>;

/** What privacy terms are checked against. */
export interface PrivacyContext {
  /** n: the training records of a node; at publication the most that an update may claim. */
  readonly records: number;
  readonly batchSize: number;
  /** Whether nodes fit the normalisation on their own records. */
  readonly isFitted: boolean;
  /** Keras JSON of the model. */
  readonly topology: Readonly<Record<string, unknown>>;
}

/**
 * Checks what the schema cannot: privacy terms against the data and the model.
 * @throws {InputError} with the reason.
 */
export function checkPrivacy(
  terms: PrivacyTerms,
  { records, batchSize, isFitted, topology }: PrivacyContext,
): void {
  if (terms.kind === "none") return;
  if (terms.delta >= 1 / records) {
    throw new InputError(
      `A delta of ${terms.delta} is not below 1/n for n = ${records} records: it would allow one of them to be published`,
      { hint: `Give a delta below ${1 / records}, or lower the samples that may count for one node` },
    );
  }
  if (terms.kind === "laplace-features") {
    if (isFitted) {
      throw new InputError("Features that are normalised by each node's own records have no bounded effect", {
        hint: "Give the dataset's mean and std in the manifest, or choose another kind of privacy",
      });
    }
    if (batchSize < 2) {
      throw new InputError("Features are bounded to sqrt(batchSize - 1), which is 0 for a batch size of 1", {
        hint: "Give a batch size of 2 or more",
      });
    }
    return;
  }
  if (JSON.stringify(topology).includes('"BatchNormalization"')) {
    throw new InputError(
      "The model has batch norm, whose statistics mix records that privacy must keep apart",
      {
        hint: "Use GroupNormalization instead",
      },
    );
  }
}
