import * as tf from "@tensorflow/tfjs-core";
import { openCpu } from "./cpu.ts";
import { openNative } from "./nativeTensorflow.ts";
import { openWasm } from "./wasm.ts";
import { openWebgpu } from "./webgpu.ts";
import type { EngineName } from "../engine.ts";

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

/**
 * Makes a backend current. TensorFlow.js has one current backend for the whole process, so this precedes every
 * synchronous piece of work; for a backend that is open it takes effect before it returns.
 */
export function useBackend(name: EngineName): void {
  const backend = name === "tensorflow-gpu" ? "tensorflow" : name;
  if (tf.getBackend() !== backend) void tf.setBackend(backend);
}
