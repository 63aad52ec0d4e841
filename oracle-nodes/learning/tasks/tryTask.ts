import { ConcordatError } from "@concordat/protocol/errors";
import { createEngine } from "../engines/createEngine.ts";
import type { TrialTask } from "./trialStep.ts";

/**
 * Tries a task for one step before it is published, see `trialStep`.
 * @param engine The engine to try it on; the best that works here by default.
 * @throws {ArtifactError} saying what every node would fail at; {InputError} when the engine cannot run here.
 */
export async function tryTask(task: TrialTask, engine = "auto"): Promise<void> {
  const { name } = await createEngine(engine);
  if (name === "process") throw new ConcordatError("A program cannot be tried for a step");
  const { useBackend } = await import("../engines/backends/openBackend.ts");
  const { trialStep } = await import("./trialStep.ts");
  useBackend(name);
  await trialStep(task);
  if (name !== "webgpu") return;
  const { throwGpuFailure } = await import("../engines/backends/webgpu.ts");
  throwGpuFailure();
}
