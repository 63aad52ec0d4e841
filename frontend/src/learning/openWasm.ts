import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import plainWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simdWasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import { ConcordatError } from "@concordat/protocol/errors";

let opening: Promise<void> | undefined;

/** Starts TensorFlow.js' WebAssembly backend from the page's own files, once. */
export function openWasm(): Promise<void> {
  opening ??= start();
  return opening;
}

async function start(): Promise<void> {
  const beside = (name: string): string => new URL(name, document.baseURI).href;
  // One thread, as the nodes' engine: threads would need a host that isolates the page.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm.wasm": beside(plainWasm),
    "tfjs-backend-wasm-simd.wasm": beside(simdWasm),
    "tfjs-backend-wasm-threaded-simd.wasm": beside(simdWasm),
  });
  if (await tf.setBackend("wasm")) return;
  throw new ConcordatError("The model cannot be computed here: WebAssembly does not start", {
    hint: "Allow this page to run WebAssembly, or use another browser",
  });
}
