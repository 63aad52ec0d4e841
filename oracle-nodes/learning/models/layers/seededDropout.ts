import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { SeededRandom } from "#seededRandom";

/** The training step that masks are drawn for: equal places give equal masks, on every engine and in every scheme. */
export interface DropoutPlace {
  readonly seed: number;
  readonly round: number;
  readonly member: number;
  /** 1-based within the round. */
  readonly step: number;
}

/**
 * Keras' Dropout (Srivastava et al. 2014) with masks from the task's seed: in training each value is 0 with probability
 * `rate`, the others are divided by 1 - rate. Spatial dropout drops whole channels of a sample.
 */
export class SeededDropout extends tfl.layers.Layer {
  static readonly className: string = "ConcordatDropout";
  protected readonly dropsChannels: boolean = false;
  readonly #rate: number;
  #place: DropoutPlace | undefined;

  constructor(config: { readonly name: string; readonly rate: number }) {
    super(config);
    this.#rate = config.rate;
  }

  /** Says which step the next forward pass in training belongs to. */
  set place(place: DropoutPlace) {
    this.#place = place;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const [x] = [inputs].flat();
      if (x === undefined) throw new Error(`${this.name} was called without an input`);
      return kwargs.training === true && this.#rate > 0 ? tf.mul(x, this.#mask(x.shape)) : tf.clone(x);
    });
  }

  /** Zeros and 1 / (1 - rate), of the values' shape or, where channels are dropped, [samples, 1, ..., channels]. */
  #mask(values: readonly number[]): tf.Tensor {
    if (this.#place === undefined) throw new Error(`${this.name} trains, but was told no step`);
    const { seed, round, member, step } = this.#place;
    const random = new SeededRandom(seed, "dropout", round, member, step, this.name);
    const last = values.length - 1;
    const shape = this.dropsChannels
      ? values.map((n, axis) => (axis === 0 || axis === last ? n : 1))
      : [...values];
    const kept = 1 / (1 - this.#rate);
    const mask = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
    for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < this.#rate ? 0 : kept;
    return tf.tensor(mask, shape);
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape;
  }
}
tf.serialization.registerClass(SeededDropout);

/** Keras' SpatialDropout1D and SpatialDropout2D (Tompson et al. 2015). */
export class SeededSpatialDropout extends SeededDropout {
  static override readonly className = "ConcordatSpatialDropout";
  protected override readonly dropsChannels = true;
}
tf.serialization.registerClass(SeededSpatialDropout);

/** Tells all dropout layers of a model which step comes next. */
export function placeDropout(layers: tfl.LayersModel, place: DropoutPlace): void {
  for (const layer of layers.layers) if (layer instanceof SeededDropout) layer.place = place;
}
