import { ArtifactError } from "@concordat/protocol/errors";
import { Phase, TaskState, enumName } from "@concordat/protocol/contracts/enums";
import type { Digest } from "@concordat/protocol/ids";
import type { RoundView } from "@concordat/chain/contracts/roundView";
import { blockOf } from "../blockOf.ts";
import { aggregationStep } from "./aggregationStep.ts";
import { negotiationStep } from "./negotiationStep.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import { personalise, personalisedFile } from "./personalisedModel.ts";
import { noteArtifacts, pruneArtifacts } from "../serving/pruneArtifacts.ts";
import type { Services } from "../services.ts";
import { signedUpdate, trainingStep } from "./trainingStep.ts";

/**
 * What the node has to do in the phase of a view.
 * @param last The round as it was before, if this process saw it.
 */
export async function duty(
  services: Services,
  task: ServedTask,
  view: RoundView,
  last: RoundView | undefined,
  signal: AbortSignal,
): Promise<void> {
  switch (view.phase) {
    case Phase.None:
      return;
    case Phase.Training:
      if (view.round > 1 && view.retry === 0) {
        await afterRound(
          services,
          task,
          { ...view, round: view.round - 1, aggregate: view.base },
          last,
          signal,
        );
      }
      return trainingStep(services, task, view, signal);
    case Phase.Aggregation:
      return aggregationStep(services, task, view, signal);
    case Phase.Negotiation:
      return negotiationStep(services, task, view, signal);
    case Phase.Ended:
      return end(services, task, view, signal);
  }
}

/** What is left to do when a task has ended, and where its operator finds the result. */
async function end(
  services: Services,
  task: ServedTask,
  view: RoundView,
  signal: AbortSignal,
): Promise<void> {
  const { board, chain } = services;
  const { state, roundsPlayed } = await chain.taskStatus(task.taskId, blockOf(chain, view));
  if (roundsPlayed === view.round) await afterRound(services, task, view, view, signal);
  const personalisedModel = await personalisedFile(task.dir);
  const word = enumName(TaskState, state).toLowerCase();
  board.update(task.taskId, { doing: `over: ${word}`, ...(personalisedModel && { personalisedModel }) });
  task.logger.info({ state: word, rounds: roundsPlayed, personalisedModel }, "the task is over");
}

/**
 * What follows a finalised round: the node's personalised model, and room on the disk. The node's update of that round
 * was signed under the round's own base, which only a node that saw the round remembers; others look for it on the disk.
 */
async function afterRound(
  services: Services,
  task: ServedTask,
  finalised: Pick<RoundView, "round" | "aggregate" | "alphaBps">,
  last: RoundView | undefined,
  signal: AbortSignal,
): Promise<void> {
  const seen =
    last?.round === finalised.round
      ? await signedUpdate(task, last)
      : await task.signed.latestUpdate(finalised.round);
  const own = seen === undefined ? [] : [seen.value.digest as Digest];
  try {
    const personalisedModel = await personalise(services, task, finalised, seen, signal);
    if (personalisedModel !== undefined) services.board.update(task.taskId, { personalisedModel });
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
    task.logger.warn({ problem: error.message }, "no personalised model of this round");
  }
  await noteArtifacts(services, task, finalised.round, [finalised.aggregate, ...own]);
  await pruneArtifacts(services, task, finalised.round);
  await task.feedback.forgetLocalBefore(finalised.round);
}
