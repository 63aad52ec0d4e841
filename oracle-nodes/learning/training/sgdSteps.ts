import * as tf from "@tensorflow/tfjs-core";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { TrainOptions } from "../engines/engine.ts";

/** A weight that a training moves. */
export interface MovingWeight {
  /** Its name in the model's specs. */
  readonly name: string;
  readonly variable: tf.Variable;
}

/** The velocities of some weights: m <- momentum m + g, starting at 0 (PyTorch's SGD). */
export class Velocities {
  #momenta: readonly tf.Tensor[];
  readonly #learningRate: tf.Scalar;
  readonly #momentum: tf.Scalar;

  constructor(weights: readonly tf.Tensor[], hyper: TrainOptions["hyper"]) {
    this.#momenta = weights.map((weight) => tf.zerosLike(weight));
    this.#learningRate = tf.scalar(hyper.learningRate);
    this.#momentum = tf.scalar(hyper.momentum);
  }

  /** What to subtract from each weight: lr m. Call within `tf.tidy`. */
  descent(gradients: readonly tf.Tensor[]): tf.Tensor[] {
    const before = this.#momenta;
    this.#momenta = gradients.map((gradient, i) => {
      const momentum = before[i];
      return tf.keep(momentum === undefined ? gradient : tf.add(tf.mul(momentum, this.#momentum), gradient));
    });
    tf.dispose([...before]);
    return this.#momenta.map((momentum) => tf.mul(momentum, this.#learningRate));
  }

  dispose(): void {
    tf.dispose([...this.#momenta, this.#learningRate, this.#momentum]);
  }
}

/** Steps of SGD on a model's variables, with what schemes add to the gradient: mu (w - anchor) and c - c_k. */
export class SgdSteps {
  readonly variables: readonly tf.Variable[];
  readonly #velocities: Velocities;
  readonly #pull: { readonly anchors: readonly tf.Tensor[]; readonly mu: tf.Scalar } | undefined;
  readonly #corrections: readonly tf.Tensor[] | undefined;

  constructor(weights: readonly MovingWeight[], { hyper, proximal, correction }: TrainOptions) {
    this.variables = weights.map(({ variable }) => variable);
    this.#velocities = new Velocities(this.variables, hyper);
    this.#pull = proximal && { anchors: onBackend(weights, proximal.anchor), mu: tf.scalar(proximal.mu) };
    this.#corrections = correction && onBackend(weights, correction);
  }

  /** Moves the variables against gradients by variable name. Call within `tf.tidy`. */
  step(gradients: tf.NamedTensorMap): void {
    const total = this.variables.map((variable, i) => {
      const [anchor, correction] = [this.#pull?.anchors[i], this.#corrections?.[i]];
      let gradient = gradients[variable.name] ?? tf.zerosLike(variable);
      if (anchor !== undefined && this.#pull !== undefined) {
        gradient = tf.add(gradient, tf.mul(tf.sub(variable, anchor), this.#pull.mu));
      }
      return correction === undefined ? gradient : tf.add(gradient, correction);
    });
    this.#velocities.descent(total).forEach((descent, i) => {
      const variable = this.variables[i];
      variable?.assign(tf.sub(variable, descent));
    });
  }

  dispose(): void {
    this.#velocities.dispose();
    tf.dispose([...(this.#pull?.anchors ?? []), ...(this.#corrections ?? [])]);
    this.#pull?.mu.dispose();
  }
}

/** The tensors of these weights, found by name. */
function onBackend(weights: readonly MovingWeight[], tensors: ModelTensors): tf.Tensor[] {
  return weights.map(({ name, variable }) => {
    const found = tensors.find((tensor) => tensor.name === name);
    return found === undefined ? tf.zerosLike(variable) : tf.tensor(found.data, [...found.shape]);
  });
}
