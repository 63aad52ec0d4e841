import * as tf from "@tensorflow/tfjs-core";
import { normalise } from "./normalise.ts";
import { NormalizationLayer } from "./normalizationLayer.ts";

/**
 * Keras' LayerNormalization over the last axis (Ba et al. 2016): each place of each sample by the mean and variance of its
 * channels. The library's own cannot be trained without gamma or without beta.
 */
export class LayerNormalization extends NormalizationLayer {
  static readonly className = "ConcordatLayerNormalization";

  protected override prepare(): void {
    // Nothing depends on the number of channels.
  }

  override normalised(x: tf.Tensor): tf.Tensor {
    return normalise(x, [x.rank - 1], this.epsilon);
  }
}
tf.serialization.registerClass(LayerNormalization);
