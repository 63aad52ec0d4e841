import { z } from "zod";
import { AGGREGATION_RULES, minimumUpdates } from "@concordat/protocol/rules/aggregationRule";
import { compressionSchema } from "@concordat/protocol/manifest/compressionTerms";
import { DATASET_NAMES } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { privacySchema } from "@concordat/protocol/manifest/privacyTerms";
import { SKEW_LEVELS_BPS } from "@concordat/learning/partition/nodePartition";
import { PARTITION_SCHEMES } from "@concordat/learning/partition/scheme";
import { schemeLabel, schemeSchema, type Scheme } from "./schemes.ts";

const count = z.number().int().min(1);
const seed = z.number().int().min(0).max(0xffff_ffff);
/** A share from 0 to 1 that is a whole number of basis points. */
export const share = z
  .number()
  .min(0)
  .max(1)
  .refine((value) => Number.isInteger(Math.round(value * 1e8) / 1e4), "has more than four decimals");
const nodeNumbers = z.array(count).min(1);

/** The partition schemes of a node's configuration, without the number of nodes, and with the seed left open. */
const { classes, iid, dirichlet, subjects, quantity } = PARTITION_SCHEMES;
const open = { nodes: true, seed: true } as const;
const partition = z.discriminatedUnion("kind", [
  classes.omit(open).extend({ seed: seed.optional() }),
  iid.omit(open).extend({ seed: seed.optional() }),
  dirichlet.omit(open).extend({ seed: seed.optional() }),
  subjects.omit(open).extend({ seed: seed.optional() }),
  quantity.omit(open).extend({ seed: seed.optional() }),
]);

/**
 * Privacy terms of a manifest, or DP-SGD by the epsilon that a node may spend over all rounds: then each node's noise
 * multiplier follows from its number of records.
 */
const byEpsilon = z.strictObject({
  kind: z.literal("dp-sgd"),
  clip: z.number().positive(),
  epsilon: z.number().positive(),
  delta: z.number().gt(0).lt(1),
});
export type EpsilonTerms = z.output<typeof byEpsilon>;
const privacy = z.union([byEpsilon, privacySchema]);
export type ExperimentPrivacy = z.output<typeof privacy>;

const attackers = z.discriminatedUnion("kind", [
  /** Sends w_G - scale (w_k - w_G) instead of w_k. */
  z.strictObject({
    kind: z.literal("sign-flip"),
    nodes: nodeNumbers,
    scale: z.number().positive().default(1),
  }),
  /** Sends w_k plus near-normal noise of this deviation. */
  z.strictObject({ kind: z.literal("noise"), nodes: nodeNumbers, deviation: z.number().positive() }),
  /** Trains with label y as classes - 1 - y. */
  z.strictObject({ kind: z.literal("label-flip"), nodes: nodeNumbers }),
]);
export type Attack = z.output<typeof attackers>;

const rule = z.strictObject({
  name: z.enum(AGGREGATION_RULES).default("fedavg"),
  f: z.number().int().min(0).default(0),
});

const schema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, "takes lower-case letters, digits and hyphens"),
  description: z.string().default(""),
  data: z.strictObject({
    dataset: z.enum(DATASET_NAMES),
    /** Folder with the dataset's files; a relative one counts from the experiment's file. */
    dir: z.string().min(1).optional(),
    nodes: z.number().int().min(1).max(1024),
    /** How the dataset is divided; each seed of the experiment draws its own partition unless one is given here. */
    partition: partition.prefault({}),
  }),
  /** A built-in model, or a .json file with a Keras topology. */
  model: z.string().min(1),
  training: z
    .strictObject({
      localEpochs: count.default(5),
      batchSize: count.default(10),
      learningRate: z.number().positive().default(0.01),
      momentum: z.number().min(0).lt(1).default(0.5),
    })
    .prefault({}),
  rounds: z.number().int().min(1).max(10_000),
  /** Rounds after which tables are made; always the last one too. */
  report: z.array(count).default([]),
  /** Models are scored after each n-th round, and after reported ones. */
  evaluateEvery: count.default(1),
  schemes: z.array(schemeSchema).min(1),
  /** The candidates of a negotiation; a scheme says which end of the interval its grid includes. */
  alphas: z.strictObject({ lower: share, upper: share, steps: z.number().int().min(1).max(16) }).prefault({
    lower: 0.5,
    upper: 0.8,
    steps: 10,
  }),
  /** Skewed test splits to score: images of each foreign class as a share of the test images of an own class. */
  skews: z.array(share).default([]),
  rule: rule.prefault({}),
  attackers: z.array(attackers).default([]),
  privacy: privacy.prefault({ kind: "none" }),
  compression: compressionSchema.prefault({ kind: "none" }),
  /** The same schemes and seeds once for each of these; what a variant does not name is as above. */
  variants: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(40),
        privacy: privacy.optional(),
        compression: compressionSchema.optional(),
        attackers: z.array(attackers).optional(),
        rule: rule.optional(),
      }),
    )
    .default([]),
  /** The unit of all statistics; each seed draws partition, initial model and shuffles. */
  seeds: z.array(seed).min(1),
  /** Values to choose from on the validation split, as many for each scheme, on seeds of their own. */
  tune: z
    .strictObject({
      seeds: z.array(seed).min(1),
      rounds: count,
      mu: z.array(z.number().min(0)).min(1).optional(),
      lambda: z.array(z.number().min(0)).min(1).optional(),
    })
    .optional(),
  engine: z.string().default("wasm"),
  /** Keeps every w_k, so that further schemes and rules over the same trunk need no training. Large models need much disk. */
  keepModels: z.boolean().default(false),
  /** Pairs of schemes by label to compare over the seeds; by default each SCEI scheme with each other one. */
  compare: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** Accuracies in percent from elsewhere, to stand beside ours. */
  published: z
    .strictObject({
      source: z.string(),
      accuracy: z.record(z.string(), z.number()),
    })
    .optional(),
});

/** A declarative experiment: everything that its results depend on, but for the dataset's files. */
export type Experiment = z.output<typeof schema>;

/** Checks a parsed experiment and fills in defaults. @throws {InputError} naming the key and what is wrong with it. */
export function parseExperiment(value: unknown): Experiment {
  const result = schema.safeParse(value ?? {});
  if (!result.success) {
    const issue = result.error.issues[0];
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const key = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join(".");
    if (unknown !== undefined) {
      throw new InputError(`The experiment has an unknown key ${key}`, {
        hint: "Remove it or correct its name",
      });
    }
    fail(key === "" ? "file" : key, issue?.message ?? "invalid");
  }
  checkTogether(result.data);
  return result.data;
}

/** The rounds after which tables are made, ascending. */
export function reportedRounds({ report, rounds }: Experiment): readonly number[] {
  return [...new Set([...report, rounds])].toSorted((a, b) => a - b);
}

/** Whether models are scored after a round. */
export function isEvaluated(experiment: Experiment, round: number): boolean {
  return round % experiment.evaluateEvery === 0 || reportedRounds(experiment).includes(round);
}

/** An experiment without variants, and the name that the labels of its schemes end in. */
export interface Variant {
  readonly experiment: Experiment;
  /** Empty for an experiment without variants. */
  readonly name: string;
}

/** The experiments that an experiment's variants make; itself where it has none. */
export function variantsOf(experiment: Experiment): readonly Variant[] {
  if (experiment.variants.length === 0) return [{ experiment, name: "" }];
  return experiment.variants.map(({ name, ...changes }) => {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    return {
      experiment: { ...experiment, ...Object.fromEntries(given), variants: [] },
      name,
    };
  });
}

function checkTogether(experiment: Experiment): void {
  const { alphas, compare, report, rounds, schemes, seeds, skews, tune, variants } = experiment;
  if (alphas.lower >= alphas.upper) fail("alphas.upper", `${alphas.upper} is not above ${alphas.lower}`);
  if (report.some((round) => round > rounds)) fail("report", `there are only ${rounds} rounds`);
  if (new Set(seeds).size !== seeds.length) fail("seeds", "a seed is listed twice");
  skews.forEach((skew, index) => {
    if (!SKEW_LEVELS_BPS.some((level) => level === Math.round(skew * 10_000)))
      fail(
        `skews.${index}`,
        `partitions have levels of ${SKEW_LEVELS_BPS.map((bps) => bps / 10_000).join(", ")}`,
      );
  });
  const labels = schemes.map((scheme) => schemeLabel(scheme));
  labels.forEach((label, index) => {
    if (labels.indexOf(label) !== index) fail(`schemes.${index}`, `"${label}" is listed twice`);
  });
  if (new Set(variants.map(({ name }) => name)).size !== variants.length)
    fail("variants", "a name is used twice");
  const all = variantsOf(experiment).flatMap(({ name }) =>
    schemes.map((scheme) => schemeLabel(scheme, name)),
  );
  compare?.forEach((pair, index) => {
    const missing = pair.find((label) => !all.includes(label));
    if (missing !== undefined)
      fail(`compare.${index}`, `there is no scheme "${missing}", only ${all.join("; ")}`);
  });
  variantsOf(experiment).forEach((variant, index) =>
    checkVariant(variant.experiment, variants.length === 0 ? "" : `variants.${index}.`),
  );
  checkTuning(schemes, tune, seeds);
}

/** Schemes that send other than a round's update, for which compression says nothing. */
const OTHER_UPLOADS: readonly Scheme["kind"][] = ["scaffold", "fedrep", "scei-async"];
/** Schemes whose trainings are all a round's update, or never leave their node. */
const PRIVATE: readonly Scheme["kind"][] = ["fedavg", "fine-tuned", "fixed", "scei", "local"];

function checkVariant(experiment: Experiment, at: string): void {
  const { attackers: attacks, compression, data, privacy: terms, rule: chosen, schemes } = experiment;
  const refused = (kinds: (kind: Scheme["kind"]) => boolean, problem: string): void => {
    const index = schemes.findIndex(({ kind }) => kinds(kind));
    const scheme = schemes[index];
    if (scheme !== undefined) fail(`schemes.${index}`, `${schemeLabel(scheme)} ${problem}`);
  };
  if (compression.kind !== "none")
    refused((kind) => OTHER_UPLOADS.includes(kind), "sends what compression is not defined for");
  if (terms.kind !== "none")
    refused((kind) => !PRIVATE.includes(kind), "trains in a way that privacy is not defined for");
  const least = minimumUpdates(chosen.name, chosen.f);
  if (data.nodes < least) fail(`${at}rule.f`, `${chosen.name} with f = ${chosen.f} needs ${least} nodes`);
  attacks.forEach(({ nodes }, index) => {
    const missing = nodes.find((node) => node > data.nodes);
    if (missing !== undefined)
      fail(`${at}attackers.${index}.nodes`, `there is no node ${missing} among ${data.nodes} nodes`);
  });
  if (new Set(attacks.flatMap(({ nodes }) => nodes)).size === data.nodes)
    fail(`${at}attackers`, "no node is honest");
}

function checkTuning(schemes: readonly Scheme[], tune: Experiment["tune"], seeds: readonly number[]): void {
  const needs = (kind: "fedprox" | "ditto", key: "mu" | "lambda") => {
    const isWanted = schemes.some(
      (scheme) => scheme.kind === kind && (scheme as Record<string, unknown>)[key] === "tuned",
    );
    if (isWanted && tune?.[key] === undefined)
      fail(`tune.${key}`, `${kind} is to be tuned, but there are no values to try`);
  };
  needs("fedprox", "mu");
  needs("ditto", "lambda");
  if (tune === undefined) return;
  if (tune.mu !== undefined && tune.lambda !== undefined && tune.mu.length !== tune.lambda.length)
    fail(
      "tune.lambda",
      "mu and lambda must have the same number of values, so that no scheme gets more trials",
    );
  const shared = tune.seeds.find((one) => seeds.includes(one));
  if (shared !== undefined) fail("tune.seeds", `${shared} is also a seed of the experiment itself`);
}

function fail(key: string, problem: string): never {
  throw new InputError(`The experiment's ${key} is wrong: ${problem}`, {
    hint: `Correct ${key} in the experiment's file`,
  });
}
