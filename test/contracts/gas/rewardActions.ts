import type { Federation } from "../federation.ts";
import type { GasRecorder } from "./gasRecorder.ts";

/** Settlement of a task that has ended, whose first member was accepted in at least three rounds. */
export async function recordRewardActions(federation: Federation, recorder: GasRecorder): Promise<void> {
  const { taskId } = federation;
  const { rewardLedger: ledger } = federation.contracts;
  const record = (action: string, sent: ReturnType<typeof ledger.refund>) =>
    recorder.record(`RewardLedger.${action}`, sent);
  await record("settle: a member's first round", ledger.settle(taskId, 1, 1));
  await record("settle: another round", ledger.settle(taskId, 1, 1));
  const { operator } = federation.node(1);
  await record("claim: settles one round", ledger.connect(operator).claim(taskId, 1, operator.address));
  const second = federation.node(2).operator;
  await record("claim: settles all rounds", ledger.connect(second).claim(taskId, 2, second.address));
  await record("refund", ledger.refund(taskId));
}
