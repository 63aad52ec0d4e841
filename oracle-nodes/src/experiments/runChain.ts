import { ConcordatError } from "../../../protocol/errors.ts";
import { lastRound, saveRound } from "./checkpoint.ts";
import { isEvaluated, reportedRounds } from "./experiment.ts";
import { openFederation } from "./federation.ts";
import { chainsOf, type Job } from "./plan.ts";

/** What a chain reports while it runs. */
export type ChainProgress =
  /** Rounds that an earlier run had done. */
  | { readonly kind: "resumed"; readonly rounds: number }
  /** One training of a node's split is done. */
  | { readonly kind: "training" }
  | { readonly kind: "round"; readonly round: number };

/**
 * Runs a chain to its last round, from its last checkpoint where it has one.
 * @throws {InputError} when data or model cannot be used; {ConcordatError} when the data changed since the checkpoint.
 */
export async function runChain(
  job: Job,
  signal: AbortSignal,
  report: (progress: ChainProgress) => void,
): Promise<void> {
  const { experiment, dir, rounds, seed } = job;
  const chain = chainsOf(experiment, job.schemes).find(({ name }) => name === job.chain);
  if (chain === undefined) throw new Error(`There is no chain ${job.chain}`);
  const federation = await openFederation(experiment, seed, signal, job.keep);
  const { facts, model } = federation;
  const last = await lastRound(dir, model.specs);
  if (last !== undefined && JSON.stringify(last.facts) !== JSON.stringify(facts)) {
    throw new ConcordatError(`The data of ${experiment.name} has changed since round ${last.round} was run`, {
      hint: "Give the data of then, or start anew in another folder",
    });
  }
  report({ kind: "resumed", rounds: Math.min(last?.round ?? 0, rounds) });
  let state = last?.state ?? chain.begin(federation);
  for (let round = (last?.round ?? 0) + 1; round <= rounds; round++) {
    const isReported = round === rounds || reportedRounds(experiment).includes(round);
    const isScored = round === rounds || isEvaluated(experiment, round);
    const result = await chain.round(
      {
        federation,
        round,
        scoring: isScored ? job.scoring : "none",
        isReported,
        onTraining: () => report({ kind: "training" }),
      },
      state,
    );
    await saveRound(dir, model.specs, result.state, { ...result.record, seed, round, facts });
    state = result.state;
    report({ kind: "round", round });
  }
  model.dispose();
}
