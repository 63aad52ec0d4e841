import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import canonicalize from "canonicalize";
import type { Chain, Scoring } from "./trajectory.ts";
import { asyncChain } from "./trajectories/async.ts";
import { fedProxChain } from "./trajectories/fedProx.ts";
import { fedRepChain } from "./trajectories/fedRep.ts";
import { localChain } from "./trajectories/local.ts";
import { personalisedChain } from "./trajectories/personalised.ts";
import { scaffoldChain } from "./trajectories/scaffold.ts";
import { isServedByTrunk, trunkChain } from "./trajectories/trunk.ts";
import type { Experiment } from "./experiment.ts";
import type { KeptModels } from "./federation.ts";
import { isByEpsilon } from "./privacy.ts";
import type { NamedScheme } from "./schemes.ts";

/** Folder, below the results, of trained models that chains share. */
export const KEPT_MODELS = "models";

/** One chain of one seed: what a process works on, and what can be resumed. */
export interface Job {
  readonly experiment: Experiment;
  readonly schemes: readonly NamedScheme[];
  /** Which of the chains of these schemes. */
  readonly chain: string;
  /** The experiment's variant that it belongs to; empty where there are none. */
  readonly variant: string;
  readonly seed: number;
  readonly rounds: number;
  /** What is scored after a round that is scored. */
  readonly scoring: Exclude<Scoring, "none">;
  /** Folder of its checkpoints. */
  readonly dir: string;
  /** Trained models that chains share or a later run may use. */
  readonly keep?: KeptModels;
}

/** The trajectories that some schemes need: one trunk for all that it serves, and one for each other. */
export function chainsOf(experiment: Experiment, schemes: readonly NamedScheme[]): readonly Chain[] {
  const onTrunk = schemes.filter(isServedByTrunk);
  const chains = onTrunk.length === 0 ? [] : [trunkChain(experiment, onTrunk)];
  for (const { label, scheme } of schemes) {
    switch (scheme.kind) {
      case "scei":
        if (scheme.base === "personalised") chains.push(personalisedChain(experiment, label, scheme));
        break;
      case "scei-async":
        chains.push(asyncChain(experiment, label, scheme));
        break;
      case "local":
        chains.push(localChain(label));
        break;
      case "fedprox":
        chains.push(fedProxChain(label, scheme));
        break;
      case "scaffold":
        chains.push(scaffoldChain(label));
        break;
      case "fedrep":
        chains.push(fedRepChain(experiment, label, scheme));
        break;
      default:
        break;
    }
  }
  return chains;
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
  const chains = chainsOf(experiment, schemes);
  const keptRounds = experiment.keepModels ? experiment.rounds : 1;
  return chains.flatMap((chain) => {
    const digest = shortDigest({ common, skews, evaluateEvery, report, scoring, chain: chain.settings });
    return seeds.map((seed): Job => {
      const kept = join(out, KEPT_MODELS, shortDigest(common), `seed-${seed}`);
      return {
        experiment,
        schemes,
        chain: chain.name,
        variant,
        seed,
        rounds,
        scoring,
        dir: join(out, "checkpoints", `${chain.name}-${digest}`, `seed-${seed}`),
        ...((experiment.keepModels || chains.length > 1) && { keep: { dir: kept, rounds: keptRounds } }),
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
