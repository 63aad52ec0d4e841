import { AggregationRule, Strategy } from "#protocol/contracts/enums";
import type { Federation } from "../federation.ts";
import { fixedTerms } from "./fixedTerms.ts";
import type { GasRecorder } from "./gasRecorder.ts";

/** Publication, roster and cancellation, in a federation of at least six founders. */
export async function recordTaskActions(federation: Federation, recorder: GasRecorder): Promise<void> {
  const registry = federation.contracts.taskRegistry;
  const by = (index: number) => registry.connect(federation.node(index).operator);
  const record = (action: string, sent: ReturnType<typeof registry.cancel>) =>
    recorder.record(`TaskRegistry.${action}`, sent);

  await record("publish: the first task", federation.publishTransaction(fixedTerms()));
  await record(
    "publish: another one, with every kind of term",
    federation.publishTransaction({
      ...fixedTerms(),
      aggregationRule: AggregationRule.TrimmedMean,
      strategy: Strategy.MinVariance,
      strictReputation: true,
      penaliseSilent: true,
      targetScore: 9000,
    }),
  );
  await record("cancel", registry.cancel(federation.taskId));
  await record(
    "publish: without a reward",
    federation.publishTransaction({ ...fixedTerms(), rewardUnit: 0n }),
  );
  const { taskId } = federation;
  await record("joinTask: the first", by(1).joinTask(taskId, 1));
  await record("joinTask: a later one", by(2).joinTask(taskId, 2));
  await record("leaveTask: the last one to join", by(2).leaveTask(taskId, 2));
  await record("joinTask: again", by(2).joinTask(taskId, 2));
  await record("leaveTask: another one", by(1).leaveTask(taskId, 1));
  await federation.join(federation.node(1), federation.node(3));

  await federation.contracts.coordinator.start(taskId);
  await record("joinTask: queued", by(4).joinTask(taskId, 4));
  await record("joinTask: queued behind another", by(5).joinTask(taskId, 5));
  await record("leaveTask: withdraws a queued join", by(4).leaveTask(taskId, 4));
  await record("leaveTask: queued", by(1).leaveTask(taskId, 1));
}
