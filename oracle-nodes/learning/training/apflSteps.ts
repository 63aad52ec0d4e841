import * as tf from "@tensorflow/tfjs-core";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import type { BatchGradient } from "./batchGradient.ts";
import type { ApflOptions } from "../engines/engine.ts";
import { type MovingWeight, SgdSteps, Velocities } from "./sgdSteps.ts";

/**
 * Steps of APFL (Deng et al. 2020, Algorithm 1). All right-hand sides hold the values before the step, and both gradients
 * are of the same minibatch:
 *
 *   w <- w - eta grad f(w)
 *   v <- v - eta a grad f(vbar),  vbar = a v + (1 - a) w
 *   a <- clip(a - eta <v - w, grad f(vbar)>, 0, 1)
 *
 * The task's momentum applies to w and to v, what a scheme adds to the gradient to w alone. Statistics of batch norm are kept for w and for v apart.
 */
export class ApflSteps {
  readonly #weights: readonly tf.Variable[];
  readonly #moving: readonly tf.Variable[];
  readonly #shared: SgdSteps;
  readonly #velocities: Velocities;
  readonly #learningRate: tf.Scalar;
  /** v, in the order of the model's weights. */
  #personal: tf.Tensor[];
  #alpha: tf.Scalar;

  /** @param weights The variables of all weights, in the model's order; they hold w. */
  constructor(weights: readonly tf.Variable[], moving: readonly MovingWeight[], options: ApflOptions) {
    this.#weights = weights;
    this.#moving = moving.map(({ variable }) => variable);
    this.#shared = new SgdSteps(moving, options);
    this.#velocities = new Velocities(this.#moving, options.hyper);
    this.#learningRate = tf.scalar(options.hyper.learningRate);
    this.#personal = options.personal.map(({ data, shape }) => tf.tensor(data, [...shape]));
    this.#alpha = tf.scalar(options.alpha);
  }

  /** One step on a minibatch; returns the loss of w before it. Call within `tf.tidy`. */
  step(gradientHere: () => BatchGradient): tf.Scalar {
    const a = this.#alpha;
    const w = this.#weights.map((variable) => tf.clone(variable));
    const shared = gradientHere();
    // A forward pass moves the statistics of batch norm: what it left in the variables belongs to w.
    const after = this.#weights.map((variable) => tf.clone(variable));
    this.#weights.forEach((variable, i) => {
      const [own, other] = [this.#personal[i], w[i]];
      if (own === undefined || other === undefined) return;
      const trained = this.#moving.includes(variable);
      variable.assign(trained ? tf.add(tf.mul(own, a), tf.mul(other, tf.sub(1, a))) : own);
    });
    const { gradients } = gradientHere();
    const statistics = this.#weights.map((variable) => tf.clone(variable));
    this.#weights.forEach((variable, i) => variable.assign(after[i] ?? variable));
    this.#movePersonal(gradients, w, statistics);
    this.#shared.step(shared.gradients);
    return shared.loss;
  }

  #movePersonal(
    gradients: tf.NamedTensorMap,
    w: readonly tf.Tensor[],
    statistics: readonly tf.Tensor[],
  ): void {
    const [a, before] = [this.#alpha, this.#personal];
    const towards = this.#moving.map((variable) => gradients[variable.name] ?? tf.zerosLike(variable));
    const descents = this.#velocities.descent(towards.map((gradient) => tf.mul(gradient, a)));
    const slopes: tf.Tensor[] = [];
    this.#personal = this.#weights.map((variable, i) => {
      const [position, own, other] = [this.#moving.indexOf(variable), before[i], w[i]];
      const [gradient, descent] = [towards[position], descents[position]];
      if (own === undefined || other === undefined || gradient === undefined || descent === undefined) {
        return tf.keep(tf.clone(statistics[i] ?? variable));
      }
      slopes.push(tf.sum(tf.mul(tf.sub(own, other), gradient)));
      return tf.keep(tf.sub(own, descent));
    });
    // Added one by one: WebGPU has room for few inputs of one sum.
    const slope = slopes.reduce((sum, next) => tf.add(sum, next), tf.scalar(0));
    this.#alpha = tf.keep(tf.clipByValue(tf.sub(a, tf.mul(slope, this.#learningRate)), 0, 1) as tf.Scalar);
    tf.dispose([...before, a]);
  }

  /** v and a as they stand. */
  async read(
    specs: readonly TensorSpec[],
  ): Promise<{ readonly personal: ModelTensors; readonly alpha: number }> {
    const personal = await Promise.all(
      this.#personal.map(async (tensor, i) => ({
        name: specs[i]?.name ?? "",
        shape: tensor.shape,
        data: Float32Array.from(await tensor.data()),
      })),
    );
    const [alpha = Number.NaN] = await this.#alpha.data();
    return { personal, alpha };
  }

  dispose(): void {
    this.#shared.dispose();
    this.#velocities.dispose();
    tf.dispose([...this.#personal, this.#alpha, this.#learningRate]);
  }
}
