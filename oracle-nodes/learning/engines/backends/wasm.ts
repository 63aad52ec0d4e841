import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { ConcordatError } from "@concordat/protocol/errors";

/** Starts TensorFlow.js' WebAssembly backend (one thread, SIMD) with our kernels for the backward pass. */
export async function openWasm(): Promise<void> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const { registerTrainingKernels } = await import("../wasmKernels.ts");
  registerTrainingKernels();
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  const started = await keepingProcessListeners(() => tf.setBackend("wasm"));
  if (!started) throw new ConcordatError("The WebAssembly backend of TensorFlow.js does not start");
}

/** The compiled module adds process-wide listeners that rethrow every error: they are taken off again. */
async function keepingProcessListeners<T>(start: () => Promise<T>): Promise<T> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event as "exit") as unknown[]);
  const result = await start();
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as "exit")) {
      if (!before[i]?.includes(listener)) process.removeListener(event, listener);
    }
  });
  return result;
}
