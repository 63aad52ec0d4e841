import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";

/** The linear combination sum_i factor_i w_i of models with the same tensors, in float64, rounded once to float32. */
export function combine(
  first: readonly [factor: number, model: ModelTensors],
  ...others: readonly (readonly [factor: number, model: ModelTensors])[]
): ModelTensors {
  const terms = [first, ...others];
  return first[1].map(({ name, shape, data }, tensor) => {
    const sums = new Float64Array(data.length);
    for (const [factor, model] of terms) {
      const values = model[tensor]?.data;
      if (values?.length !== sums.length) throw new Error(`The models differ in tensor ${name}`);
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + factor * (values[i] ?? 0);
    }
    return { name, shape, data: Float32Array.from(sums) };
  });
}

/** A model of zeros with the tensors of another. */
export function zerosLike(model: ModelTensors): ModelTensors {
  return model.map(({ name, shape, data }) => ({ name, shape, data: new Float32Array(data.length) }));
}
