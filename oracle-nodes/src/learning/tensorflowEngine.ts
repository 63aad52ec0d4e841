import * as tf from "@tensorflow/tfjs-core";
import { openCpu } from "./backends/cpu.ts";
import { openNative } from "./backends/nativeTensorflow.ts";
import { openWasm } from "./backends/wasm.ts";
import { openWebgpu } from "./backends/webgpu.ts";
import type { Engine, EngineName } from "./engine.ts";
import { loadTensorflowModel } from "./tensorflowModel.ts";

const OPEN: Readonly<Record<EngineName, () => Promise<void>>> = {
  wasm: openWasm,
  cpu: openCpu,
  webgpu: openWebgpu,
  tensorflow: () => openNative("tensorflow"),
  "tensorflow-gpu": () => openNative("tensorflow-gpu"),
};

const opened = new Map<EngineName, Promise<void>>();

/**
 * Starts the backend of an engine; each starts once a process.
 * @throws {InputError} when it cannot run here.
 */
export function openBackend(name: EngineName): Promise<void> {
  const opening = opened.get(name) ?? OPEN[name]();
  opened.set(name, opening);
  return opening;
}

/** An engine on a TensorFlow.js backend. @param reason Why it is this one. */
export async function openTensorflowEngine(name: EngineName, reason = "asked for"): Promise<Engine> {
  await openBackend(name);
  return {
    name,
    reason,
    load: (model, inputShape, classes) => loadTensorflowModel(name, model, inputShape, classes),
  };
}

/**
 * Makes a backend current. TensorFlow.js has one current backend for the whole process, so this precedes every
 * synchronous piece of work; for a backend that is open it takes effect before it returns.
 */
export function useBackend(name: EngineName): void {
  const backend = name === "tensorflow-gpu" ? "tensorflow" : name;
  if (tf.getBackend() !== backend) void tf.setBackend(backend);
}
