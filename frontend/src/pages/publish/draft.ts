import { AGGREGATION_RULES } from "../../../../protocol/aggregationRule.ts";
import { DATASET_NAMES, SENSOR_POSITIONS } from "../../../../protocol/datasetTerms.ts";
import { MODEL_NAMES } from "../../../../oracle-nodes/src/learning/models.ts";
import { EMPTY_TABLE } from "./tableDraft.ts";

/** What the fields with a choice may hold; the first is chosen where nothing else is said. */
export const CHOICES = {
  dataset: DATASET_NAMES,
  position: SENSOR_POSITIONS,
  /** Channels of a picture. */
  channels: ["3", "1"],
  /** A built-in model, or the file whose text is in `topology`. */
  model: [...MODEL_NAMES, "file"],
  compression: ["none", "top-k", "quantised", "top-k-quantised"],
  strategy: ["argmax-mean", "min-variance"],
  base: ["global", "personalised"],
  grid: ["include-upper", "include-lower"],
  election: ["model-hash-mixed", "model-hash"],
  rule: AGGREGATION_RULES,
  privacy: ["none", "dp-sgd", "gaussian-update", "laplace-gradient", "laplace-features"],
  /** Whether the publisher names the noise, or the budget that finds it. */
  noiseBy: ["noise", "budget"],
  strict: ["no", "yes"],
  penaliseUnavailable: ["no", "yes"],
  penaliseSilent: ["no", "yes"],
} as const;

/** What is typed, as it is typed. */
const TEXTS = {
  name: "",
  description: "",
  /** Pixels. */
  height: "32",
  width: "32",
  /** One a line. */
  classNames: "",
  /** A `TableDraft` in JSON. */
  table: EMPTY_TABLE,
  /** Text of a file of Keras JSON, and its name. */
  topology: "",
  topologyName: "",
  localEpochs: "1",
  batchSize: "10",
  learningRate: "0.01",
  momentum: "0.5",
  seed: "1",
  /** Percent of the weights. */
  keep: "1",
  rounds: "5",
  /** Minutes from publication to the earliest start. */
  startMinutes: "0",
  /** Hours from publication after which no round starts. */
  hours: "24",
  trainingMinutes: "10",
  aggregationMinutes: "5",
  /** Minutes of the aggregation; a share of it where nothing is said. */
  fetchMinutes: "",
  objectionMinutes: "",
  slotMinutes: "",
  negotiationMinutes: "5",
  disputeHours: "24",
  attempts: "3",
  voids: "5",
  steps: "10",
  alphaLower: "0.5",
  alphaUpper: "0.8",
  initialAlpha: "0.5",
  /** Percent of right answers that end the task. */
  targetScore: "0",
  /** Mean absolute error that ends the task, and the score of an error of 1. */
  targetError: "0",
  maeScale: "1000",
  minNodes: "4",
  maxNodes: "10",
  /** Percent. */
  quorum: "67",
  /** Percent. */
  gamma: "30",
  byzantineBound: "0",
  maxSamples: "100000",
  clip: "1",
  noiseMultiplier: "1",
  epsilon: "8",
  delta: "0.000001",
  /** Training records of the smallest node. */
  records: "600",
  rewardToken: "",
  rewardUnit: "0.1",
  reputationInitial: "5",
  reputationMax: "100",
  stakeToken: "",
  minStake: "0",
  arbiter: "",
  slashRecipient: "",
  slashBounty: "0",
} as const;

type ChoiceName = keyof typeof CHOICES;

export type TextName = keyof typeof TEXTS;

/** A publication that is not sent yet, as the wizard's fields hold it. */
export type Draft = { readonly [Name in ChoiceName]: (typeof CHOICES)[Name][number] } & {
  readonly [Name in TextName]: string;
};

const FIRST_CHOICES = Object.fromEntries(
  Object.entries(CHOICES).map(([name, [first]]) => [name, first]),
) as Pick<Draft, ChoiceName>;

/** A draft that makes sense as it stands: the built-in digits, four nodes, five short rounds. */
export const NEW_DRAFT: Draft = { ...FIRST_CHOICES, ...TEXTS };

/**
 * A draft that was stored, perhaps by an older or a newer page: what is not known any more is left out, and what was not
 * known then is as in a new one.
 */
export function parseDraft(stored: string): Draft {
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch {
    return NEW_DRAFT;
  }
  if (typeof value !== "object" || value === null) return NEW_DRAFT;
  const known = Object.entries(value).filter(
    ([name, text]) => typeof text === "string" && (Object.hasOwn(TEXTS, name) || isChoice(name, text)),
  );
  return { ...NEW_DRAFT, ...Object.fromEntries(known) };
}

function isChoice(name: string, text: string): boolean {
  return Object.hasOwn(CHOICES, name) && (CHOICES[name as ChoiceName] as readonly string[]).includes(text);
}

/** Fields that hold no usable value, each with a sentence. */
export type DraftFaults = Partial<Record<keyof Draft, string>>;
