import { readRounds } from "./checkpoint.ts";
import type { Experiment, Variant } from "./experiment.ts";
import { planJobs, type Job } from "./plan.ts";
import type { Tuned } from "./results/summary.ts";
import { meanOf } from "./results/statistics.ts";
import { schemeLabel, type NamedScheme, type Scheme } from "./schemes.ts";

/** The trials of each value that `tune` names, for the schemes that want one. */
export async function tuningJobs(experiment: Experiment, out: string): Promise<Job[]> {
  const { tune } = experiment;
  const schemes = trials(experiment).map(({ scheme }) => ({ label: schemeLabel(scheme), scheme }));
  if (tune === undefined || schemes.length === 0) return [];
  const { seeds, rounds } = tune;
  // Only the last round is scored, and nothing but the validation split is looked at.
  const scoredOnce = { ...experiment, evaluateEvery: rounds, report: [] };
  return planJobs(scoredOnce, schemes, { out, seeds, rounds, scoring: "validation" });
}

/**
 * Chooses each parameter by the mean validation accuracy over nodes and seeds; ties go to the value listed first, and a value with
 * which a run diverged comes last.
 */
export async function choose(experiment: Experiment, jobs: readonly Job[]): Promise<Tuned[]> {
  const scores = (await Promise.all(jobs.map(({ dir }) => readRounds(dir)))).flatMap((records, index) =>
    records
      .filter(({ round }) => round === jobs[index]?.rounds)
      .flatMap(({ seed, scores: ofRound }) => ofRound.map((row) => ({ ...row, seed }))),
  );
  const wanted = experiment.tune?.seeds ?? [];
  const attacking = new Set(experiment.attackers.flatMap(({ nodes }) => nodes));
  const results = trials(experiment).map(({ parameter, value, scheme }) => {
    const own = scores.filter(
      (row) => row.scheme === schemeLabel(scheme) && row.split === "validation" && !attacking.has(row.node),
    );
    const isWhole = wanted.every((seed) => own.some((row) => row.seed === seed));
    const accuracy = isWhole ? meanOf(own.map(({ correct, total }) => (100 * correct) / total)) : undefined;
    return { parameter, value, accuracy };
  });
  return (["mu", "lambda"] as const).flatMap((parameter): Tuned[] => {
    const own = results.filter((trial) => trial.parameter === parameter);
    const [first] = own;
    if (first === undefined) return [];
    const scoreOf = ({ accuracy = -Infinity }: (typeof own)[number]): number => accuracy;
    const best = own.reduce((a, b) => (scoreOf(b) > scoreOf(a) ? b : a), first);
    return [
      { parameter, value: best.value, trials: own.map(({ value, accuracy }) => ({ value, accuracy })) },
    ];
  });
}

/** A variant's schemes under their labels, with tuned values filled in. */
export function tunedSchemes({ experiment, name }: Variant, tuned: readonly Tuned[]): readonly NamedScheme[] {
  const valueOf = (parameter: Tuned["parameter"]): number => {
    const found = tuned.find((one) => one.parameter === parameter);
    if (found === undefined) throw new Error(`${parameter} has not been tuned`);
    return found.value;
  };
  return experiment.schemes.map((scheme): NamedScheme => {
    const label = schemeLabel(scheme, name);
    if (scheme.kind === "fedprox" && scheme.mu === "tuned")
      return { label, scheme: { ...scheme, mu: valueOf("mu") } };
    if (scheme.kind === "ditto" && scheme.lambda === "tuned")
      return { label, scheme: { ...scheme, lambda: valueOf("lambda") } };
    return { label, scheme };
  });
}

interface Trial {
  readonly parameter: Tuned["parameter"];
  readonly value: number;
  readonly scheme: Scheme;
}

function trials({ schemes, tune }: Experiment): readonly Trial[] {
  const wants = (kind: Scheme["kind"]) =>
    schemes.some((scheme) => scheme.kind === kind && Object.values(scheme).includes("tuned"));
  const mu = wants("fedprox") ? (tune?.mu ?? []) : [];
  const lambda = wants("ditto") ? (tune?.lambda ?? []) : [];
  return [
    ...mu.map((value): Trial => ({ parameter: "mu", value, scheme: { kind: "fedprox", mu: value } })),
    ...lambda.map((value): Trial => ({
      parameter: "lambda",
      value,
      scheme: { kind: "ditto", lambda: value },
    })),
  ];
}
