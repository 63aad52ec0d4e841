import * as tf from "@tensorflow/tfjs-core";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

let areRegistered = false;

/**
 * Replaces the wasm kernels of the backward pass, which are missing or slow, by ones composed from its fast forward
 * kernels. TensorFlow.js' gradients then run on them unchanged, and other backends are not touched. Does so once a process.
 */
export function registerTrainingKernels(): void {
  if (areRegistered) return;
  areRegistered = true;
  replaceKernel(tf.BatchMatMul, matMulWithoutFlags);
  replaceKernel(tf.Conv2DBackpropFilter, () => convFilterGradient);
  replaceKernel(tf.Conv2DBackpropInput, convInputGradient);
  replaceKernel(tf.MaxPoolGrad, () => maxPoolGradient);
}

interface KernelCall {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly attrs: unknown;
  readonly backend: BackendWasm;
}
type Kernel = (call: KernelCall) => tf.TensorInfo;

/** Puts `make(original)` in the place of the backend's kernel. */
function replaceKernel(kernelName: string, make: (original: Kernel) => Kernel): void {
  const original = tf.getKernel(kernelName, "wasm");
  if (original !== undefined) tf.unregisterKernel(kernelName, "wasm");
  const kernelFunc = make(original?.kernelFunc as unknown as Kernel) as unknown as tf.KernelFunc;
  tf.registerKernel({ ...original, kernelName, backendName: "wasm", kernelFunc });
}

/** From this many elements on, the kernel's packing of its right operand costs more than transposing it. */
const LARGE = 1 << 16;

/**
 * a b with either operand transposed. The kernel is fast only without flags and with a small right operand, so either
 * the operands are transposed as asked, or the product is taken as a b = (b^T a^T)^T: whichever moves less.
 */
function matMulWithoutFlags(original: Kernel): Kernel {
  return (call) => {
    const { transposeA, transposeB } = call.attrs as tf.BatchMatMulAttrs;
    const [a, b] = [input(call, "a"), input(call, "b")];
    if (a.rank > 3 || b.rank > 3) return original(call);
    const [rows, columns] = [a.shape.at(transposeA ? -1 : -2) ?? 0, b.shape.at(transposeB ? -2 : -1) ?? 0];
    const plain = !transposeA && !transposeB;
    if (plain && (b.rank > 2 || b.size < LARGE || 4 * rows > columns)) return original(call);
    const direct = (transposeA ? a.size : 0) + (transposeB ? b.size : 0);
    const exchanged = (transposeA ? 0 : a.size) + (transposeB ? 0 : b.size) + rows * columns;
    return tf.tidy(() =>
      plain || exchanged < direct
        ? swapAxes(tf.matMul(transposeB ? b : swapAxes(b), transposeA ? a : swapAxes(a)))
        : tf.matMul(transposeA ? swapAxes(a) : a, transposeB ? swapAxes(b) : b),
    );
  };
}

const swapAxes = (x: tf.Tensor) => tf.transpose(x, x.rank === 3 ? [0, 2, 1] : [1, 0]);

/**
 * dL/dW of a convolution, itself a convolution: of x as [C_in, H, W, N] by dy as a filter [H_out, W_out, N, C_out],
 * dilated by the stride, which gives [C_in, K_h, K_w, C_out].
 */
function convFilterGradient(call: KernelCall): tf.TensorInfo {
  const { strides, pad, dimRoundingMode, filterShape } = call.attrs as tf.Conv2DBackpropFilterAttrs;
  const [x, dy] = [input(call, "x") as tf.Tensor4D, input(call, "dy") as tf.Tensor4D];
  const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode);
  const bottom = padAfter(
    info.inHeight,
    info.padInfo.top,
    info.outHeight,
    info.strideHeight,
    info.filterHeight,
  );
  const right = padAfter(info.inWidth, info.padInfo.left, info.outWidth, info.strideWidth, info.filterWidth);
  return tf.tidy(() => {
    // With a stride, the last rows and columns may lie under no window: they are cut off.
    const used: [number, number, number, number] = [
      info.batchSize,
      info.inHeight + Math.min(0, bottom),
      info.inWidth + Math.min(0, right),
      info.inChannels,
    ];
    const cut = bottom < 0 || right < 0 ? tf.slice4d(x, [0, 0, 0, 0], used) : x;
    const around: [[number, number], [number, number], [number, number], [number, number]] = [
      [0, 0],
      [info.padInfo.top, Math.max(0, bottom)],
      [info.padInfo.left, Math.max(0, right)],
      [0, 0],
    ];
    const gradient = tf.conv2d(
      tf.transpose(cut, [3, 1, 2, 0]) as tf.Tensor4D,
      tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D,
      1,
      around,
      "NHWC",
      [info.strideHeight, info.strideWidth],
    );
    return tf.transpose(gradient, [1, 2, 0, 3]);
  });
}

/** The padding after the last row that makes `filter` window positions, negative when rows are left over. */
function padAfter(size: number, padBefore: number, out: number, stride: number, filter: number): number {
  return filter + (out - 1) * stride - size - padBefore;
}

/**
 * dL/dx of a convolution of stride 1: the convolution of dy by the filter turned around, its channels exchanged.
 * Other strides take the backend's own kernel.
 */
function convInputGradient(original: Kernel): Kernel {
  return (call) => {
    const { strides, pad, dimRoundingMode, inputShape } = call.attrs as tf.Conv2DBackpropInputAttrs;
    const [dy, filter] = [input(call, "dy") as tf.Tensor4D, input(call, "filter") as tf.Tensor4D];
    const info = tf.backend_util.computeConv2DInfo(
      inputShape,
      filter.shape,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    const { top, bottom, left, right } = info.padInfo;
    const rest = [top, bottom, left, right].map(
      (padding, side) => (side < 2 ? info.filterHeight : info.filterWidth) - 1 - padding,
    );
    const [padTop = 0, padBottom = 0, padLeft = 0, padRight = 0] = rest;
    if (info.strideHeight !== 1 || info.strideWidth !== 1 || Math.min(...rest) < 0) return original(call);
    return tf.tidy(() => {
      return tf.conv2d(dy, turned(filter, call.backend), 1, [
        [0, 0],
        [padTop, padBottom],
        [padLeft, padRight],
        [0, 0],
      ]);
    });
  };
}

/** A filter [K_h, K_w, C_in, C_out] turned by 180 degrees with its channels exchanged: [K_h, K_w, C_out, C_in]. */
function turned(filter: tf.Tensor4D, backend: BackendWasm): tf.Tensor4D {
  const [height, width, inputs, outputs] = filter.shape;
  const info = backend.makeOutput([height, width, outputs, inputs], "float32");
  const [to, from] = [backend.typedArrayFromHeap(info), backend.typedArrayFromHeap(filter)];
  const area = height * width;
  for (let cell = 0; cell < area; cell++) {
    for (let i = 0; i < inputs; i++) {
      const source = (cell * inputs + i) * outputs;
      const target = (area - 1 - cell) * outputs * inputs + i;
      for (let o = 0; o < outputs; o++) to[target + o * inputs] = from[source + o] ?? 0;
    }
  }
  return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;
}

/** dL/dx of max pooling: each output's gradient goes to the first greatest input of its window, as on `cpu`. */
function maxPoolGradient(call: KernelCall): tf.TensorInfo {
  const { filterSize, strides, pad, dimRoundingMode } = call.attrs as tf.MaxPoolGradAttrs;
  const x = input(call, "input") as tf.Tensor4D;
  const info = tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { inHeight, inWidth, inChannels: channels, outHeight, outWidth, strideHeight, strideWidth } = info;
  const gradient = call.backend.makeOutput(x.shape, "float32");
  const [dx, dy, input_, output] = [gradient, input(call, "dy"), x, input(call, "output")].map((tensor) =>
    call.backend.typedArrayFromHeap(tensor),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  dx.fill(0);
  let out = 0;
  for (let n = 0; n < info.batchSize; n++) {
    for (let row = 0; row < outHeight; row++) {
      const top = row * strideHeight - info.padInfo.top;
      const firstRow = Math.max(0, top);
      const endRow = Math.min(inHeight, top + info.effectiveFilterHeight);
      for (let column = 0; column < outWidth; column++) {
        const left = column * strideWidth - info.padInfo.left;
        const firstColumn = Math.max(0, left);
        const endColumn = Math.min(inWidth, left + info.effectiveFilterWidth);
        for (let channel = 0; channel < channels; channel++, out++) {
          window: for (let y = firstRow; y < endRow; y++) {
            const line = (n * inHeight + y) * inWidth * channels + channel;
            for (let i = line + firstColumn * channels; i < line + endColumn * channels; i += channels) {
              if (input_[i] === output[out]) {
                dx[i] = (dx[i] ?? 0) + (dy[out] ?? 0);
                break window;
              }
            }
          }
        }
      }
    }
  }
  return gradient;
}

function input(call: KernelCall, name: string): tf.Tensor {
  const tensor = call.inputs[name];
  if (tensor === undefined) throw new Error(`A kernel was called without its input ${name}`);
  return tensor;
}
