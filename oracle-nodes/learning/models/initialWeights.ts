import { elementCount, type ModelTensors, type TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { SeededRandom } from "../seededRandom.ts";

/** The weights of layers that normalise, by the last part of their names. */
const CONSTANTS: Readonly<Record<string, number>> = { gamma: 1, beta: 0, moving_mean: 0, moving_variance: 1 };

/**
 * Initial weights from a seed, the same on every engine: kernels and biases alike are uniform in
 * [-1/sqrt(fan_in), 1/sqrt(fan_in)) (PyTorch's default), where a bias has the fan-in of the kernel before it. Layers that
 * normalise start as if they were not there: gamma and moving_variance 1, beta and moving_mean 0.
 */
export function initialWeights(specs: readonly TensorSpec[], seed: number): ModelTensors {
  let fanIn = 1;
  return specs.map(({ name, shape }) => {
    const constant = CONSTANTS[name.slice(name.lastIndexOf("/") + 1)];
    if (constant !== undefined) {
      return { name, shape, data: new Float32Array(elementCount(shape)).fill(constant) };
    }
    if (shape.length > 1) fanIn = elementCount(shape.slice(0, -1));
    const bound = 1 / Math.sqrt(fanIn);
    const random = new SeededRandom(seed, "initialise", name);
    const data = Float32Array.from({ length: elementCount(shape) }, () => random.uniform(-bound, bound));
    return { name, shape, data };
  });
}
