import type { TrialTask } from "../../../../oracle-nodes/src/learning/trialStep.ts";
import { ConcordatError } from "../../../../protocol/errors.ts";
import { TrialRefusedError } from "./trialFault.ts";

/**
 * Takes one step of the task in the page, as every node will, before anybody pays for it.
 * @throws {TrialRefusedError} saying what every node would fail at.
 */
export async function tryDraft(task: TrialTask): Promise<void> {
  const [{ openWasm }, { trialStep }] = await Promise.all([
    import("../../learning/openWasm.ts"),
    import("../../../../oracle-nodes/src/learning/trialStep.ts"),
  ]);
  await openWasm();
  try {
    await trialStep(task);
  } catch (error) {
    throw error instanceof ConcordatError ? new TrialRefusedError(error) : error;
  }
}
