import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { ArtifactError } from "@concordat/protocol/errors";
import { CheckedZeros, type ExpectedWeight } from "./checkedZeros.ts";

type InitialiserConfig = { readonly config: ExpectedWeight };

/** What the layers that normalise share, with the keys of Keras' configuration as TensorFlow.js spells them. */
export interface NormalizationConfig {
  readonly name: string;
  readonly axis?: number | readonly number[];
  readonly epsilon?: number;
  readonly center?: boolean;
  readonly scale?: boolean;
  readonly gammaInitializer?: InitialiserConfig;
  readonly betaInitializer?: InitialiserConfig;
}

/** A layer that normalises along its last axis and gives y = gamma xhat + beta, either of them as asked for. */
export abstract class NormalizationLayer extends tfl.layers.Layer {
  protected readonly epsilon: number;
  readonly #config: NormalizationConfig;
  #gamma: tfl.LayerVariable | undefined;
  #beta: tfl.LayerVariable | undefined;

  constructor(config: NormalizationConfig) {
    super(config as ConstructorParameters<typeof tfl.layers.Layer>[0]);
    this.#config = config;
    this.epsilon = config.epsilon ?? 1e-3;
  }

  /** xhat of x. */
  abstract normalised(x: tf.Tensor, training: boolean): tf.Tensor;
  /** Prepares for a number of channels. */
  protected abstract prepare(channels: number): void;

  override build(inputShape: tfl.Shape | tfl.Shape[]): void {
    const shape = inputShape as tfl.Shape;
    const { axis = -1, center = true, scale = true } = this.#config;
    if ([axis].flat().some((index) => index !== -1 && index !== shape.length - 1)) {
      throw new ArtifactError(`The layer ${this.name} normalises along axis ${String(axis)}`, {
        hint: "Use axis -1: channels come last",
      });
    }
    const channels = shape.at(-1) ?? 0;
    if (scale) this.#gamma = this.add("gamma", channels, true, this.#config.gammaInitializer);
    if (center) this.#beta = this.add("beta", channels, true, this.#config.betaInitializer);
    this.prepare(channels);
    super.build(inputShape);
  }

  /** Adds a weight of one value a channel. */
  protected add(
    name: string,
    channels: number,
    trainable: boolean,
    initialiser: InitialiserConfig | undefined,
  ): tfl.LayerVariable {
    const zeros = new CheckedZeros(initialiser?.config ?? { name: `${this.name}/${name}` });
    return this.addWeight(name, [channels], "float32", zeros, undefined, trainable);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const [x] = [inputs].flat();
      if (x === undefined) throw new Error(`${this.name} was called without an input`);
      const xhat = this.normalised(x, kwargs.training === true);
      const scaled = this.#gamma === undefined ? xhat : tf.mul(xhat, this.#gamma.read());
      return this.#beta === undefined ? scaled : tf.add(scaled, this.#beta.read());
    });
  }

  override computeOutputShape(inputShape: tfl.Shape): tfl.Shape {
    return inputShape;
  }
}
