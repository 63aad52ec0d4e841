import * as tf from "@tensorflow/tfjs-core";
import { ConcordatError, InputError } from "@concordat/protocol/errors";

/** What we use of the package `webgpu` (Dawn); it is optional, so its types may not be there. */
interface Dawn {
  readonly create: (options: readonly string[]) => { readonly requestAdapter: () => Promise<Adapter | null> };
  readonly globals: object;
}
interface Adapter {
  readonly info: AdapterInfo;
}
interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}
interface Device {
  onuncapturederror: ((event: { readonly error: { readonly message: string } }) => void) | null;
}

const PACKAGE: string = "webgpu";
let failure: string | undefined;

/**
 * Starts TensorFlow.js' WebGPU backend on Dawn.
 * @throws {InputError} when the package is not installed or finds no adapter.
 */
export async function openWebgpu(): Promise<void> {
  const { create, globals } = await loadDawn();
  const gpu = create([]);
  if ((await gpu.requestAdapter()) === null) {
    throw new InputError("The engine webgpu finds no GPU", {
      hint: "Install a driver for Vulkan (on Linux), or choose wasm",
    });
  }
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });
  await import("@tensorflow/tfjs-backend-webgpu");
  const { registerWebgpuKernels } = await import("../webgpuKernels.ts");
  registerWebgpuKernels();
  if (!(await tf.setBackend("webgpu")))
    throw new InputError("The engine webgpu cannot get a device from its GPU");
  const { device } = tf.backend() as unknown as { readonly device: Device };
  device.onuncapturederror = ({ error }) => (failure ??= error.message.split("\n")[0]);
}

/**
 * The first command that the GPU refused since the last call. It does so later than the call that caused it, and gives
 * zeros from there on.
 * @throws {ConcordatError} when there is one.
 */
export function throwGpuFailure(): void {
  if (failure === undefined) return;
  const message = failure;
  failure = undefined;
  throw new ConcordatError(`The GPU refused a command: ${message}`, {
    hint: "Its memory may be too small for the model and the batch; choose wasm, or a smaller batch",
  });
}

async function loadDawn(): Promise<Dawn> {
  try {
    return (await import(PACKAGE)) as Dawn;
  } catch (cause) {
    throw new InputError("The engine webgpu needs the package webgpu, which does not load here", {
      cause,
      hint: "Install it with npm install webgpu@0.6.2, or choose wasm",
    });
  }
}
