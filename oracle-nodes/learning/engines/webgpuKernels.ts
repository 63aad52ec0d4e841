import * as tf from "@tensorflow/tfjs-core";

/** A compute shader as TensorFlow.js' WebGPU backend runs it: one thread an element of the output. */
interface Program {
  readonly shaderKey: string;
  readonly variableNames: readonly string[];
  readonly uniforms: string;
  readonly outputShape: readonly number[];
  readonly workgroupSize: readonly [number, number, number];
  readonly dispatchLayout: { readonly x: readonly number[] };
  readonly dispatch: readonly [number, number, number];
  readonly size: true;
  readonly getUserCode: () => string;
}
interface WebgpuBackend {
  runWebGPUProgram(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    dtype: string,
    uniforms: readonly { readonly type: "int32"; readonly data: readonly number[] }[],
  ): tf.TensorInfo;
}

/** Replaces the kernel of WebGPU's backward pass that answers otherwise than the other backends. */
export function registerWebgpuKernels(): void {
  tf.unregisterKernel(tf.MaxPoolGrad, "webgpu");
  tf.registerKernel({
    kernelName: tf.MaxPoolGrad,
    backendName: "webgpu",
    kernelFunc: maxPoolGradient as unknown as tf.KernelFunc,
  });
}

const WORKGROUP = 64;

/** dL/dx of max pooling: each output's gradient goes to the first greatest input of its window, as on `cpu`. */
function maxPoolGradient(call: {
  readonly inputs: Readonly<Record<"dy" | "input" | "output", tf.TensorInfo>>;
  readonly attrs: tf.MaxPoolGradAttrs;
  readonly backend: WebgpuBackend;
}): tf.TensorInfo {
  const { dy, input, output } = call.inputs;
  const { filterSize, strides, pad, dimRoundingMode } = call.attrs;
  const shape = input.shape as [number, number, number, number];
  const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const program: Program = {
    shaderKey: "concordatMaxPoolGradient",
    variableNames: ["dy", "x", "y"],
    uniforms:
      "strides : vec2<i32>, pads : vec2<i32>, window : vec2<i32>, inSize : vec2<i32>, outSize : vec2<i32>",
    outputShape: shape,
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0, 1, 2, 3] },
    dispatch: [Math.ceil(tf.util.sizeFromShape(shape) / WORKGROUP), 1, 1],
    size: true,
    getUserCode: () => MAX_POOL_GRADIENT,
  };
  const pair = (...data: number[]) => ({ type: "int32" as const, data });
  return call.backend.runWebGPUProgram(program, [dy, input, output], "float32", [
    pair(info.strideHeight, info.strideWidth),
    pair(info.padInfo.top, info.padInfo.left),
    pair(info.filterHeight, info.filterWidth),
    pair(info.inHeight, info.inWidth),
    pair(info.outHeight, info.outWidth),
  ]);
}

/** Of each input position, over the windows that hold it: dy where no position before it in the window is as great. */
const MAX_POOL_GRADIENT = `
fn isFirst(n : i32, top : vec2<i32>, here : vec2<i32>, d : i32, greatest : f32) -> bool {
  for (var r = max(top.x, 0); r <= here.x; r++) {
    for (var c = max(top.y, 0); c < min(top.y + uniforms.window.y, uniforms.inSize.y); c++) {
      if (r == here.x && c == here.y) { return true; }
      if (getX(n, r, c, d) == greatest) { return false; }
    }
  }
  return true;
}

fn main(index : i32) {
  if (index < uniforms.size) {
    let coords = getCoordsFromIndex(index);
    let n = coords[0];
    let d = coords[3];
    let here = vec2<i32>(coords.yz);
    let value = getX(n, here.x, here.y, d);
    let reach = here + uniforms.pads;
    let first = max(vec2<i32>(0), (reach - uniforms.window + uniforms.strides) / uniforms.strides);
    let last = min(uniforms.outSize - 1, reach / uniforms.strides);
    var gradient = 0.0;
    for (var r = first.x; r <= last.x; r++) {
      for (var c = first.y; c <= last.y; c++) {
        if (value == getY(n, r, c, d) && isFirst(n, vec2<i32>(r, c) * uniforms.strides - uniforms.pads, here, d, value)) {
          gradient += getDy(n, r, c, d);
        }
      }
    }
    setOutputAtIndex(index, gradient);
  }
}
`;
