import { ConcordatError } from "@concordat/protocol/errors";
import type { RoundContext } from "./trajectory.ts";
import { lastRound, saveRound } from "./checkpoint.ts";
import { type Divergence, RunDivergedError, saveDivergence } from "./divergence.ts";
import { isEvaluated, reportedRounds } from "./experiment.ts";
import { openFederation } from "./federation.ts";
import { trajectoriesOf, type Job } from "./plan.ts";

/** What a trajectory reports while it runs. */
export type TrajectoryProgress =
  /** Rounds that an earlier run had done. */
  | { readonly kind: "resumed"; readonly rounds: number }
  /** One training of a node's split is done. */
  | { readonly kind: "training" }
  | { readonly kind: "round"; readonly round: number }
  /** The trajectory ended, now or in an earlier run: there are no further rounds of it. */
  | { readonly kind: "diverged"; readonly divergence: Divergence }
  /** Some of its schemes ended, the others go on. */
  | { readonly kind: "partDiverged"; readonly divergence: Divergence };

/**
 * Runs a trajectory to its last round, from its last checkpoint where it has one, or to the round in which it diverges.
 * @throws {InputError} when data or model cannot be used; {ConcordatError} when the data changed since the checkpoint.
 */
export async function runTrajectory(
  job: Job,
  signal: AbortSignal,
  report: (progress: TrajectoryProgress) => void,
): Promise<void> {
  const { experiment, dir, rounds, seed } = job;
  const trajectory = trajectoriesOf(experiment, job.schemes).find(({ name }) => name === job.trajectory);
  if (trajectory === undefined) throw new Error(`There is no trajectory ${job.trajectory}`);
  const federation = await openFederation(experiment, seed, signal, job.keep);
  const { facts, model } = federation;
  const last = await lastRound(dir, model.specs);
  if (last !== undefined && JSON.stringify(last.facts) !== JSON.stringify(facts)) {
    throw new ConcordatError(`The data of ${experiment.name} has changed since round ${last.round} was run`, {
      hint: "Restore the data of that time, or start again in another folder",
    });
  }
  report({ kind: "resumed", rounds: Math.min(last?.round ?? 0, rounds) });
  let state = last?.state ?? trajectory.begin(federation);
  for (let round = (last?.round ?? 0) + 1; round <= rounds; round++) {
    const isReported = round === rounds || reportedRounds(experiment).includes(round);
    const isScored = round === rounds || isEvaluated(experiment, round);
    const context: RoundContext = {
      federation,
      round,
      scoring: isScored ? job.scoring : "none",
      isReported,
      onTraining: () => report({ kind: "training" }),
    };
    const result = await trajectory.round(context, state).catch((error: unknown) => {
      if (!(error instanceof RunDivergedError)) throw error;
      return { schemes: trajectory.schemes, round, node: error.node, problem: error.message };
    });
    if ("problem" in result) {
      await saveDivergence(dir, result);
      report({ kind: "diverged", divergence: result });
      break;
    }
    for (const ended of result.record.diverged ?? [])
      report({ kind: "partDiverged", divergence: { ...ended, round } });
    await saveRound(dir, model.specs, result.state, { ...result.record, seed, round, facts });
    state = result.state;
    report({ kind: "round", round });
  }
  model.dispose();
}
