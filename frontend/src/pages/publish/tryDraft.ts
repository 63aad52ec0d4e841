import type { TrialTask } from "@concordat/learning/tasks/trialStep";
import { ConcordatError } from "@concordat/protocol/errors";
import { TrialRefusedError } from "./trialFault.ts";

/**
 * Takes one step of the task in the page, as every node will, before anybody pays for it.
 * @throws {TrialRefusedError} saying what every node would fail at.
 */
export async function tryDraft(task: TrialTask): Promise<void> {
  const [{ openWasm }, { trialStep }] = await Promise.all([
    import("#learning/openWasm.ts"),
    import("@concordat/learning/tasks/trialStep"),
  ]);
  await openWasm();
  try {
    await trialStep(task);
  } catch (error) {
    throw error instanceof ConcordatError ? new TrialRefusedError(error) : error;
  }
}
