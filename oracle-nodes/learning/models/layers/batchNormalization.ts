import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { normalise } from "./normalise.ts";
import { type NormalizationConfig, NormalizationLayer } from "./normalizationLayer.ts";

interface BatchNormalizationConfig extends NormalizationConfig {
  readonly momentum?: number;
  readonly movingMeanInitializer?: NormalizationConfig["gammaInitializer"];
  readonly movingVarianceInitializer?: NormalizationConfig["gammaInitializer"];
}

/**
 * Keras' BatchNormalization over the last axis (Ioffe and Szegedy 2015): in training by the batch's own mean and
 * variance, which move the running ones (m <- momentum m + (1 - momentum) m_batch); elsewhere by the running ones.
 */
export class BatchNormalization extends NormalizationLayer {
  static readonly className = "ConcordatBatchNormalization";
  readonly #config: BatchNormalizationConfig;
  #running: { readonly mean: tfl.LayerVariable; readonly variance: tfl.LayerVariable } | undefined;

  constructor(config: BatchNormalizationConfig) {
    super(config);
    this.#config = config;
  }

  protected override prepare(channels: number): void {
    const { movingMeanInitializer, movingVarianceInitializer } = this.#config;
    this.#running = {
      mean: this.add("moving_mean", channels, false, movingMeanInitializer),
      variance: this.add("moving_variance", channels, false, movingVarianceInitializer),
    };
  }

  override normalised(x: tf.Tensor, training: boolean): tf.Tensor {
    const running = this.#running;
    if (running === undefined) throw new Error(`${this.name} was called before it was built`);
    // As in Keras 2, one that stands still normalises by what it knows.
    if (!training || !this.trainable) {
      const scale = tf.rsqrt(tf.add(running.variance.read(), this.epsilon));
      return tf.mul(tf.sub(x, running.mean.read()), scale);
    }
    const rows = tf.reshape(x, [-1, x.shape.at(-1) ?? 1]);
    const xhat = normalise(rows, [0], this.epsilon, (mean, variance) => {
      this.#move(running.mean, mean);
      this.#move(running.variance, variance);
    });
    return tf.reshape(xhat, x.shape);
  }

  #move(statistic: tfl.LayerVariable, ofBatch: tf.Tensor): void {
    const before = statistic.read();
    const step = tf.mul(
      tf.sub(before, tf.reshape(ofBatch, before.shape)),
      1 - (this.#config.momentum ?? 0.99),
    );
    statistic.write(tf.sub(before, step));
  }
}
tf.serialization.registerClass(BatchNormalization);
