import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import type { Engine, EngineName } from "./engine.ts";
import { loadTensorflowModel } from "./tensorflowModel.ts";

const opened = new Map<EngineName, Promise<void>>();

/** Opens an engine on a TensorFlow.js backend; each backend starts once a process. */
export async function openTensorflowEngine(name: EngineName): Promise<Engine> {
  const opening = opened.get(name) ?? (name === "wasm" ? openWasm() : openCpu());
  opened.set(name, opening);
  await opening;
  return {
    name,
    load: (model, inputShape, classes) => loadTensorflowModel(name, model, inputShape, classes),
  };
}

/**
 * Makes a backend current. TensorFlow.js has one current backend for the whole process, so this precedes every
 * synchronous piece of work; for a backend that is open it takes effect before it returns.
 */
export function useBackend(name: EngineName): void {
  if (tf.getBackend() !== name) void tf.setBackend(name);
}

async function openWasm(): Promise<void> {
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const { registerTrainingKernels } = await import("./wasmKernels.ts");
  registerTrainingKernels();
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await keepingProcessListeners(() => tf.setBackend("wasm"));
}

async function openCpu(): Promise<void> {
  await import("@tensorflow/tfjs-backend-cpu");
  // Its first use prints an advertisement for tfjs-node unless told that it was used before.
  tf.env().set("IS_NODE", false);
  await tf.setBackend("cpu");
}

/** The compiled module adds process-wide listeners that rethrow every error: they are taken off again. */
async function keepingProcessListeners(start: () => Promise<unknown>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event as "exit") as unknown[]);
  await start();
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as "exit")) {
      if (!before[i]?.includes(listener)) process.removeListener(event, listener);
    }
  });
}
