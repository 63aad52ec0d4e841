import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import canonicalize from "canonicalize";
import type { Trajectory, Scoring } from "./trajectory.ts";
import { asyncTrajectory } from "./trajectories/async.ts";
import { fedProxTrajectory } from "./trajectories/fedProx.ts";
import { fedRepTrajectory } from "./trajectories/fedRep.ts";
import { localTrajectory } from "./trajectories/local.ts";
import { personalisedTrajectory } from "./trajectories/personalised.ts";
import { scaffoldTrajectory } from "./trajectories/scaffold.ts";
import { isServedByTrunk, trunkTrajectory } from "./trajectories/trunk.ts";
import type { Experiment } from "./experiment.ts";
import type { KeptModels } from "./federation.ts";
import { isByEpsilon } from "./privacy.ts";
import type { NamedScheme } from "./schemes.ts";

/** Folder, below the results, of trained models that trajectories share. */
export const KEPT_MODELS = "models";

/** One trajectory of one seed: what a process works on, and what can be resumed. */
export interface Job {
  readonly experiment: Experiment;
  readonly schemes: readonly NamedScheme[];
  /** Which of the trajectories of these schemes. */
  readonly trajectory: string;
  /** The experiment's variant that it belongs to; empty where there are none. */
  readonly variant: string;
  readonly seed: number;
  readonly rounds: number;
  /** What is scored after a round that is scored. */
  readonly scoring: Exclude<Scoring, "none">;
  /** Folder of its checkpoints. */
  readonly dir: string;
  /** Trained models that trajectories share or a later run may use. */
  readonly keep?: KeptModels;
}

/** The trajectories that some schemes need: one trunk for all that it serves, and one for each other. */
export function trajectoriesOf(
  experiment: Experiment,
  schemes: readonly NamedScheme[],
): readonly Trajectory[] {
  const onTrunk = schemes.filter(isServedByTrunk);
  const trajectories = onTrunk.length === 0 ? [] : [trunkTrajectory(experiment, onTrunk)];
  for (const { label, scheme } of schemes) {
    switch (scheme.kind) {
      case "scei":
        if (scheme.base === "personalised")
          trajectories.push(personalisedTrajectory(experiment, label, scheme));
        break;
      case "scei-async":
        trajectories.push(asyncTrajectory(experiment, label, scheme));
        break;
      case "local":
        trajectories.push(localTrajectory(label));
        break;
      case "fedprox":
        trajectories.push(fedProxTrajectory(label, scheme));
        break;
      case "scaffold":
        trajectories.push(scaffoldTrajectory(label));
        break;
      case "fedrep":
        trajectories.push(fedRepTrajectory(experiment, label, scheme));
        break;
      default:
        break;
    }
  }
  return trajectories;
}

/**
 * The jobs of some schemes and seeds. A job's folder is named by a digest of all that its results depend on but for the
 * number of rounds, so a changed experiment never goes on from checkpoints that do not belong to it.
 */
export async function planJobs(
  experiment: Experiment,
  schemes: readonly NamedScheme[],
  options: {
    readonly out: string;
    readonly seeds: readonly number[];
    readonly rounds: number;
    readonly scoring: Job["scoring"];
    readonly variant?: string;
  },
): Promise<Job[]> {
  const { out, seeds, rounds, scoring, variant = "" } = options;
  const common = await trainingSettings(experiment);
  const { skews, evaluateEvery, report } = experiment;
  const trajectories = trajectoriesOf(experiment, schemes);
  const keptRounds = experiment.keepModels ? experiment.rounds : 1;
  return trajectories.flatMap((trajectory) => {
    const digest = shortDigest({ common, skews, evaluateEvery, report, scoring, chain: trajectory.settings });
    return seeds.map((seed): Job => {
      const kept = join(out, KEPT_MODELS, shortDigest(common), `seed-${seed}`);
      return {
        experiment,
        schemes,
        trajectory: trajectory.name,
        variant,
        seed,
        rounds,
        scoring,
        dir: join(out, "checkpoints", `${trajectory.name}-${digest}`, `seed-${seed}`),
        ...((experiment.keepModels || trajectories.length > 1) && {
          keep: { dir: kept, rounds: keptRounds },
        }),
      };
    });
  });
}

/** What all training of an experiment depends on, whatever the scheme. */
async function trainingSettings(experiment: Experiment): Promise<unknown> {
  const { data, model, training, rounds, rule, attackers, privacy, compression, engine } = experiment;
  const { dir: _, ...records } = data;
  const topology = model.endsWith(".json") ? await readFile(model, "utf8") : model;
  const noise = isByEpsilon(privacy) ? { ...privacy, rounds } : privacy;
  return { data: records, topology, training, rule, attackers, privacy: noise, compression, engine };
}

function shortDigest(value: unknown): string {
  return digestOfSettings(value).slice(2, 14);
}

/** SHA-256 of a value's canonical JSON: 0x and 64 hex digits. */
export function digestOfSettings(value: unknown): string {
  return `0x${createHash("sha256")
    .update(canonicalize(value) ?? "")
    .digest("hex")}`;
}
