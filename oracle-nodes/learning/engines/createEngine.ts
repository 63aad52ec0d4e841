import { InputError } from "@concordat/protocol/errors";
import { ENGINE_NAMES, type Engine, type EngineChoice } from "./engine.ts";

/**
 * Opens an engine. "auto" takes the best that works here: TensorFlow's native library where it is installed, a GPU
 * through WebGPU where there is one, and `wasm` elsewhere.
 * @param trainers Folder for the files of an engine that is a program: the system's temporary one by default.
 * @throws {InputError} when there is no such engine, or it cannot run here.
 */
export async function createEngine(name: EngineChoice, trainers?: string): Promise<Engine> {
  if (typeof name !== "string") {
    const { processEngine } = await import("./process/processEngine.ts");
    return processEngine(name.process, trainers);
  }
  const { openTensorflowEngine } = await import("./tensorflowEngine.ts");
  if (name === "auto") {
    const { chooseEngine } = await import("./chooseEngine.ts");
    const choice = await chooseEngine();
    return openTensorflowEngine(choice.name, choice.reason);
  }
  const known = ENGINE_NAMES.find((candidate) => candidate === name);
  if (known === undefined) {
    throw new InputError(`There is no engine "${name}"`, {
      hint: `Choose auto, ${ENGINE_NAMES.slice(0, -1).join(", ")} or ${ENGINE_NAMES.at(-1)}`,
    });
  }
  return openTensorflowEngine(known);
}
