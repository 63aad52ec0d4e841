import type { Engine, EngineName } from "./engine.ts";
import { loadTensorflowModel } from "./tensorflowModel.ts";
import { openBackend } from "./backends/openBackend.ts";

/** An engine on a TensorFlow.js backend. @param reason Why it is this one. */
export async function openTensorflowEngine(name: EngineName, reason = "asked for"): Promise<Engine> {
  await openBackend(name);
  return {
    name,
    reason,
    load: (model, inputShape, classes) => loadTensorflowModel(name, model, inputShape, classes),
  };
}
