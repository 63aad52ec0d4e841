import type { ModelTensors } from "#protocol/artifacts/tensors";
import type { Federation } from "#experiments/federation";
import type { Member } from "#experiments/members";
import { batchMaker } from "#learning/data/samples";
import { SeededRandom } from "#learning/seededRandom";

/** A model's tensors as plain numbers: W1, b1, W2, b2. */
export type Weights = readonly (readonly number[])[];

export const plain = (model: ModelTensors): Weights => model.map(({ data }) => [...data]);
export const zeros = (weights: Weights): Weights => weights.map((tensor) => tensor.map(() => 0));
/** sum_i factor_i w_i, value by value. */
export const sum = (...terms: readonly (readonly [number, Weights])[]): Weights =>
  (terms[0]?.[1] ?? []).map((tensor, t) =>
    tensor.map((_, i) => terms.reduce((total, [factor, w]) => total + factor * (w[t]?.[i] ?? 0), 0)),
  );

export const HIDDEN = 3;

/**
 * Training of softmax(W2 (W1 x + b1) + b2) in plain loops over float64, as slow and as obvious as it can be: it shares with
 * the product only the data, the shuffles and the initial weights.
 */
export class SlowFederation {
  readonly #federation: Federation;

  constructor(federation: Federation) {
    this.#federation = federation;
  }

  /** The minibatches of a node's round, epochs `first` to `last`. */
  batches({ id, train }: Member, round: number, first: number, last: number): number[][] {
    const { batchSize, seed } = this.#federation.hyper;
    const batches: number[][] = [];
    for (let epoch = first; epoch <= last; epoch++) {
      const order = new SeededRandom(seed, "shuffle", round, id, epoch).shuffle([...train.indices]);
      for (let i = 0; i < order.length; i += batchSize) batches.push(order.slice(i, i + batchSize));
    }
    return batches;
  }

  /** SGD with momentum, in which `direction` turns the gradient at w into what is descended. */
  train(
    member: Member,
    round: number,
    start: Weights,
    options: {
      readonly direction?: (gradient: Weights, w: Weights) => Weights;
      readonly momentum?: number;
      readonly moves?: readonly boolean[];
      readonly first?: number;
      readonly last?: number;
    } = {},
  ): Weights {
    const { hyper } = this.#federation;
    const { first = 1, last = hyper.localEpochs, momentum = hyper.momentum, moves } = options;
    let w = start;
    let velocity = zeros(w);
    for (const batch of this.batches(member, round, first, last)) {
      const gradient = this.gradient(member, batch, w);
      velocity = sum([momentum, velocity], [1, options.direction?.(gradient, w) ?? gradient]);
      const next = sum([1, w], [-hyper.learningRate, velocity]);
      w = next.map((tensor, t) => (moves?.[t] === false ? (w[t] ?? []) : tensor));
    }
    return w;
  }

  /** Gradient of the mean cross-entropy of a batch. */
  gradient({ train }: Member, batch: readonly number[], weights: Weights): Weights {
    const [w1 = [], b1 = [], w2 = [], b2 = []] = weights;
    const classes = b2.length;
    const result = weights.map((tensor) => tensor.map(() => 0));
    const add = (tensor: number, index: number, value: number) => {
      const row = result[tensor] as number[];
      row[index] = (row[index] ?? 0) + value / batch.length;
    };
    const { inputs, labels } = batchMaker(train)(batch);
    const features = inputs.length / batch.length;
    labels.forEach((label, row) => {
      const x = [...inputs.subarray(row * features, (row + 1) * features)];
      const h = b1.map((bias, j) =>
        x.reduce((total, value, i) => total + value * (w1[i * HIDDEN + j] ?? 0), bias),
      );
      const z = b2.map((bias, c) =>
        h.reduce((total, value, j) => total + value * (w2[j * classes + c] ?? 0), bias),
      );
      const top = Math.max(...z);
      const e = z.map((value) => Math.exp(value - top));
      const total = e.reduce((a, b) => a + b, 0);
      const dz = e.map((value, c) => value / total - (c === label ? 1 : 0));
      const dh = h.map((_, j) => dz.reduce((s, d, c) => s + d * (w2[j * classes + c] ?? 0), 0));
      x.forEach((value, i) => dh.forEach((d, j) => add(0, i * HIDDEN + j, value * d)));
      dh.forEach((d, j) => add(1, j, d));
      h.forEach((value, j) => dz.forEach((d, c) => add(2, j * classes + c, value * d)));
      dz.forEach((d, c) => add(3, c, d));
    });
    return result;
  }
}
