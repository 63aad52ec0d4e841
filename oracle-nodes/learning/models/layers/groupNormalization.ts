import * as tf from "@tensorflow/tfjs-core";
import { ArtifactError } from "@concordat/protocol/errors";
import { normalise } from "./normalise.ts";
import { type NormalizationConfig, NormalizationLayer } from "./normalizationLayer.ts";

/**
 * Keras 3's GroupNormalization over the last axis (Wu and He 2018): each sample by the mean and variance of each of its
 * groups of channels, over all positions. No sample depends on another, so its gradients can be clipped one by one.
 */
export class GroupNormalization extends NormalizationLayer {
  static readonly className = "ConcordatGroupNormalization";
  /** How many groups; -1 is one a channel. */
  #groups: number;

  constructor(config: NormalizationConfig & { readonly groups?: number }) {
    super(config);
    this.#groups = config.groups ?? 32;
  }

  protected override prepare(channels: number): void {
    if (this.#groups === -1) this.#groups = channels;
    if (this.#groups > 0 && channels % this.#groups === 0) return;
    throw new ArtifactError(`${this.name} cannot put ${channels} channels into ${this.#groups} groups`, {
      hint: "Choose a number of groups that divides the number of channels",
    });
  }

  override normalised(x: tf.Tensor): tf.Tensor {
    const [samples = 0, channels = 1] = [x.shape[0], x.shape.at(-1)];
    const grouped = tf.reshape(x, [samples, -1, this.#groups, channels / this.#groups]);
    return tf.reshape(normalise(grouped, [1, 3], this.epsilon), x.shape);
  }
}
tf.serialization.registerClass(GroupNormalization);
