import { z } from "zod";
import { AGGREGATION_RULES, minimumUpdates } from "../../../protocol/aggregationRule.ts";
import { compressionSchema } from "../../../protocol/compressionTerms.ts";
import { DATASET_NAMES } from "../../../protocol/datasetTerms.ts";
import { InputError } from "../../../protocol/errors.ts";
import { privacySchema } from "../../../protocol/privacyTerms.ts";
import { PARTITION_SCHEMES } from "../learning/partition/scheme.ts";
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
  rule: z
    .strictObject({
      name: z.enum(AGGREGATION_RULES).default("fedavg"),
      f: z.number().int().min(0).default(0),
    })
    .prefault({}),
  attackers: z.array(attackers).default([]),
  privacy: privacySchema.prefault({ kind: "none" }),
  compression: compressionSchema.prefault({ kind: "none" }),
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

function checkTogether(experiment: Experiment): void {
  const {
    alphas,
    attackers: attacks,
    compare,
    data,
    report,
    rounds,
    rule,
    schemes,
    seeds,
    tune,
  } = experiment;
  if (alphas.lower >= alphas.upper) fail("alphas.upper", `${alphas.upper} is not above ${alphas.lower}`);
  if (report.some((round) => round > rounds)) fail("report", `there are only ${rounds} rounds`);
  if (new Set(seeds).size !== seeds.length) fail("seeds", "a seed stands twice");
  const labels = schemes.map(schemeLabel);
  labels.forEach((label, index) => {
    if (labels.indexOf(label) !== index) fail(`schemes.${index}`, `"${label}" stands twice`);
  });
  compare?.forEach((pair, index) => {
    const missing = pair.find((label) => !labels.includes(label));
    if (missing !== undefined)
      fail(`compare.${index}`, `there is no scheme "${missing}", only ${labels.join("; ")}`);
  });
  if (experiment.compression.kind !== "none") {
    const unfit = schemes.findIndex(({ kind }) => ["scaffold", "fedrep", "scei-async"].includes(kind));
    if (unfit >= 0) fail(`schemes.${unfit}`, `${labels[unfit]} sends what compression is not defined for`);
  }
  const least = minimumUpdates(rule.name, rule.f);
  if (data.nodes < least) fail("rule.f", `${rule.name} with f = ${rule.f} needs ${least} nodes`);
  attacks.forEach(({ nodes }, index) => {
    const missing = nodes.find((node) => node > data.nodes);
    if (missing !== undefined)
      fail(`attackers.${index}.nodes`, `there is no node ${missing} of ${data.nodes}`);
  });
  if (new Set(attacks.flatMap(({ nodes }) => nodes)).size === data.nodes)
    fail("attackers", "no node is honest");
  checkTuning(schemes, tune, seeds);
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
    fail("tune.lambda", "mu and lambda must have equally many values, so that no scheme gets more trials");
  const shared = tune.seeds.find((one) => seeds.includes(one));
  if (shared !== undefined) fail("tune.seeds", `${shared} is also a seed of the experiment itself`);
}

function fail(key: string, problem: string): never {
  throw new InputError(`The experiment's ${key} is wrong: ${problem}`, {
    hint: `Correct ${key} in the experiment's file`,
  });
}
