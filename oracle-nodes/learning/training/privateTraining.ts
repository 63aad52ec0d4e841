import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import type { Keystream } from "../nodeOnly/keystream.ts";
import { noisyUpdate } from "../privacy/noisyUpdate.ts";
import type { TrainableModel, TrainOptions, TrainResult } from "../engines/engine.ts";
import { noisyFeatures } from "../nodeOnly/noisyFeatures.ts";

/** Where the noise of a training comes from. */
export interface NoiseSource {
  readonly random: Keystream;
  /** The secret behind the noise on features, which is the same in every round of a task. */
  readonly featureKey: () => Promise<Uint8Array>;
}

/** Trains with the noise that privacy terms ask for. It neither checks the terms nor counts what is spent. */
export async function trainWithNoise(
  model: TrainableModel,
  options: TrainOptions,
  privacy: PrivacyTerms,
  { random, featureKey }: NoiseSource,
): Promise<TrainResult> {
  switch (privacy.kind) {
    case "none":
      return model.train(options);
    case "dp-sgd": {
      const { clip, noiseMultiplier } = privacy;
      const noise = { law: "gaussian", scale: noiseMultiplier * clip } as const;
      return model.train({ ...options, privacy: { clip, noise, random } });
    }
    case "laplace-gradient": {
      const { clip, epsilon } = privacy;
      const noise = { law: "laplace", scale: clip / epsilon } as const;
      return model.train({ ...options, privacy: { clip, noise, random } });
    }
    case "gaussian-update": {
      const { clip, noiseMultiplier } = privacy;
      const result = await model.train(options);
      const noise = { clip, deviation: noiseMultiplier * clip };
      return { ...result, weights: noisyUpdate(options.weights, result.weights, noise, random) };
    }
    case "laplace-features": {
      const { batchSize } = options.hyper;
      const samples = noisyFeatures(options.samples, privacy.epsilon, batchSize, await featureKey());
      return model.train({ ...options, samples });
    }
  }
}
