import { elementCount, type ModelTensors, type TensorSpec } from "../../../protocol/tensors.ts";
import { SeededRandom } from "./seededRandom.ts";

/**
 * Initial weights from a seed, the same on every engine: kernels and biases alike are uniform in
 * [-1/sqrt(fan_in), 1/sqrt(fan_in)) (PyTorch's default), where a bias has the fan-in of the kernel before it.
 */
export function initialWeights(specs: readonly TensorSpec[], seed: number): ModelTensors {
  let fanIn = 1;
  return specs.map(({ name, shape }) => {
    if (shape.length > 1) fanIn = elementCount(shape.slice(0, -1));
    const bound = 1 / Math.sqrt(fanIn);
    const random = new SeededRandom(seed, "initialise", name);
    const data = Float32Array.from({ length: elementCount(shape) }, () => random.uniform(-bound, bound));
    return { name, shape, data };
  });
}
