/** Plain loops in double precision that say what a layer computes: independent of any engine. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
/** A layer as a function of its input, with a batch in front, and of its weights by name. */
export type Reference = (x: Values, weights: Readonly<Record<string, Values>>) => Values;

/** The value at some place. */
export function at({ shape, data }: Values, ...place: readonly number[]): number {
  return data[place.reduce((index, i, axis) => index * (shape[axis] ?? 0) + i, 0)] ?? Number.NaN;
}

/** Values of a shape, each from its place. */
export function filled(shape: readonly number[], of: (...place: readonly number[]) => number): Values {
  const data: number[] = [];
  const visit = (place: readonly number[]): void => {
    if (place.length === shape.length) data.push(of(...place));
    else for (let i = 0; i < (shape[place.length] ?? 0); i++) visit([...place, i]);
  };
  visit([]);
  return { shape, data };
}

export const ACTIVATED: Readonly<Record<string, (z: number) => number>> = {
  linear: (z) => z,
  relu: (z) => Math.max(0, z),
  tanh: Math.tanh,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
};

export const mapped =
  (f: (z: number) => number): Reference =>
  ({ shape, data }) => ({ shape, data: data.map(f) });

/** z = x W + b along the last axis. */
export function dense(activation: string): Reference {
  return (x, { kernel, bias }) => {
    if (kernel === undefined) throw new Error("a kernel is needed");
    const [inputs = 0, units = 0] = kernel.shape;
    return filled([...x.shape.slice(0, -1), units], (...place) => {
      const unit = place.at(-1) ?? 0;
      let z = bias === undefined ? 0 : at(bias, unit);
      for (let i = 0; i < inputs; i++) z += at(x, ...place.slice(0, -1), i) * at(kernel, i, unit);
      return ACTIVATED[activation]?.(z) ?? Number.NaN;
    });
  };
}

interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: "same" | "valid";
}

/** Places of an axis's output, and the first input of the first window. */
function axisOf(input: number, size: number, stride: number, padding: Window["padding"]) {
  if (padding === "valid") return { count: Math.ceil((input - size + 1) / stride), first: 0 };
  const count = Math.ceil(input / stride);
  return { count, first: -Math.floor(Math.max(0, (count - 1) * stride + size - input) / 2) };
}

/** Every output of a window that slides over [batch, height, width, channels], from what it sees: undefined beyond the border. */
function slide(
  x: Values,
  { size, strides, padding }: Window,
  outputs: number,
  of: (see: (row: number, column: number, channel: number) => number | undefined, output: number) => number,
): Values {
  const [batch = 0, height = 0, width = 0] = x.shape;
  const rows = axisOf(height, size[0], strides[0], padding);
  const columns = axisOf(width, size[1], strides[1], padding);
  return filled([batch, rows.count, columns.count, outputs], (n = 0, row = 0, column = 0, output = 0) =>
    of((i, j, channel) => {
      const [r, c] = [rows.first + row * strides[0] + i, columns.first + column * strides[1] + j];
      return r < 0 || r >= height || c < 0 || c >= width ? undefined : at(x, n, r, c, channel);
    }, output),
  );
}

export function conv2d(
  strides: Window["strides"],
  padding: Window["padding"],
  activation: string,
): Reference {
  return (x, { kernel, bias }) => {
    if (kernel === undefined) throw new Error("a kernel is needed");
    const [height = 0, width = 0, inputs = 0, filters = 0] = kernel.shape;
    return slide(x, { size: [height, width], strides, padding }, filters, (see, filter) => {
      let z = bias === undefined ? 0 : at(bias, filter);
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++)
          for (let channel = 0; channel < inputs; channel++)
            z += (see(i, j, channel) ?? 0) * at(kernel, i, j, channel, filter);
      return ACTIVATED[activation]?.(z) ?? Number.NaN;
    });
  };
}

/** Greatest or mean of the values within the image that a window sees. */
export function pool2d(window: Window, kind: "max" | "mean"): Reference {
  return (x) =>
    slide(x, window, x.shape[3] ?? 0, (see, channel) => {
      const seen: number[] = [];
      for (let i = 0; i < window.size[0]; i++)
        for (let j = 0; j < window.size[1]; j++) {
          const value = see(i, j, channel);
          if (value !== undefined) seen.push(value);
        }
      return kind === "max" ? Math.max(...seen) : seen.reduce((sum, value) => sum + value, 0) / seen.length;
    });
}

/** What works on images of height 1, on [batch, steps, channels]; kernels [size, in, out] likewise. */
export function alongTime(of: Reference): Reference {
  return (x, weights) => {
    const image = { ...x, shape: [x.shape[0] ?? 0, 1, ...x.shape.slice(1)] };
    const kernels = Object.entries(weights).map(([name, values]) => [
      name,
      name === "kernel" ? { ...values, shape: [1, ...values.shape] } : values,
    ]);
    const { shape, data } = of(image, Object.fromEntries(kernels) as Record<string, Values>);
    return { shape: [shape[0] ?? 0, ...shape.slice(2)], data };
  };
}

/** Greatest or mean over all places between batch and channels. */
export function globalPool(kind: "max" | "mean"): Reference {
  return (x) => {
    const [batch = 0, ...rest] = x.shape;
    const channels = rest.at(-1) ?? 0;
    const places = rest.slice(0, -1).reduce((product, size) => product * size, 1);
    const flat = { shape: [batch, places, channels], data: x.data };
    return filled([batch, channels], (n = 0, channel = 0) => {
      const seen = Array.from({ length: places }, (_, i) => at(flat, n, i, channel));
      return kind === "max" ? Math.max(...seen) : seen.reduce((sum, value) => sum + value, 0) / places;
    });
  };
}

export function zeroPadding(top: number, bottom: number, left: number, right: number): Reference {
  return (x) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
    const shape = [batch, height + top + bottom, width + left + right, channels];
    return filled(shape, (n = 0, row = 0, column = 0, channel = 0) => {
      const [r, c] = [row - top, column - left];
      return r < 0 || r >= height || c < 0 || c >= width ? 0 : at(x, n, r, c, channel);
    });
  };
}

/** (x - mean) / sqrt(variance + epsilon) over groups of channels of each record, then gamma and beta. */
export function groupNorm(groups: number, epsilon: number, over: "places" | "channels"): Reference {
  return (x, { gamma, beta }) => {
    const [batch = 0, ...rest] = x.shape;
    const channels = rest.at(-1) ?? 0;
    const places = rest.slice(0, -1).reduce((product, size) => product * size, 1);
    const flat = { shape: [batch, places, channels], data: x.data };
    const perGroup = channels / groups;
    const { data } = filled([batch, places, channels], (n = 0, place = 0, channel = 0) => {
      const first = Math.floor(channel / perGroup) * perGroup;
      const seen: number[] = [];
      for (let i = 0; i < places; i++)
        for (let c = first; c < first + perGroup; c++)
          if (over === "places" || i === place) seen.push(at(flat, n, i, c));
      const mean = seen.reduce((sum, value) => sum + value, 0) / seen.length;
      const variance = seen.reduce((sum, value) => sum + (value - mean) ** 2, 0) / seen.length;
      const xhat = (at(flat, n, place, channel) - mean) / Math.sqrt(variance + epsilon);
      return (
        xhat * (gamma === undefined ? 1 : at(gamma, channel)) + (beta === undefined ? 0 : at(beta, channel))
      );
    });
    return { shape: x.shape, data };
  };
}

/** Batch norm that does not train: by running statistics. */
export function runningNorm(epsilon: number): Reference {
  return (x, { gamma, beta, moving_mean: mean, moving_variance: variance }) => {
    const channels = x.shape.at(-1) ?? 0;
    const of = (values: Values | undefined, otherwise: number, channel: number) =>
      values === undefined ? otherwise : at(values, channel);
    return {
      shape: x.shape,
      data: x.data.map((value, i) => {
        const channel = i % channels;
        const xhat = (value - of(mean, 0, channel)) / Math.sqrt(of(variance, 1, channel) + epsilon);
        return xhat * of(gamma, 1, channel) + of(beta, 0, channel);
      }),
    };
  };
}
