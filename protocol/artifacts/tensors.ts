/** Name and shape of one tensor of a model. A model's specs stand in manifest order, which is binding. */
export interface TensorSpec {
  readonly name: string;
  /** Row-major dimensions; empty for a scalar. */
  readonly shape: readonly number[];
}

/** A named float32 tensor, row-major, `data.length` equal to the product of `shape`. */
export interface NamedTensor extends TensorSpec {
  readonly data: Float32Array;
}

/** All tensors of a model in manifest order: what is trained, mixed, averaged, stored and hashed. */
export type ModelTensors = readonly NamedTensor[];

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Whether a tensor holds running statistics of batch normalisation, which are averaged like weights but not trained. */
export function isStatistic({ name }: TensorSpec): boolean {
  return /(^|\/)moving_(mean|variance)$/.test(name);
}
