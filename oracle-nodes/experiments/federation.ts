import { ArtifactError, InputError } from "@concordat/protocol/errors";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { PrivacyTerms } from "@concordat/protocol/manifest/privacyTerms";
import { elementCount, type ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { aggregationRule } from "@concordat/learning/aggregation/aggregationRule";
import type { Aggregate, Update } from "@concordat/learning/aggregation/rule";
import { datasetTerms } from "@concordat/learning/data/dataset";
import { loadDataset } from "@concordat/learning/data/loadDataset";
import type { TrainableModel, TrainOptions } from "@concordat/learning/engines/engine";
import { loadTask } from "@concordat/learning/tasks/loadTask";
import { manifestModel } from "@concordat/learning/models/manifestModel";
import { trainWithNoise } from "@concordat/learning/training/privateTraining";
import { readModel } from "@concordat/learning/data/readModel";
import { attackUpdate } from "./attack.ts";
import { digestOfDataset } from "./datasetDigest.ts";
import { atNode, RunDivergedError } from "./divergence.ts";
import type { Experiment } from "./experiment.ts";
import { shareOut, type Member } from "./members.ts";
import { digestOfModel } from "./modelDigest.ts";
import { ModelFolder } from "./modelFolder.ts";
import { privacyTerms, simulatedNoise } from "./privacy.ts";

/** What a trajectory gives to a training beside what the federation knows. */
export type TrainSettings = Omit<TrainOptions, "samples" | "hyper" | "round" | "member" | "signal"> & {
  readonly momentum?: number;
  /** Whether the model never leaves its node, and needs no noise. */
  readonly stays?: boolean;
};

/** All nodes of one seed in one process: the same learning and aggregation that oracle nodes run, without a chain. */
export interface Federation {
  readonly seed: number;
  readonly model: TrainableModel;
  /** w_G^0, the same for all schemes of a seed. */
  readonly initial: ModelTensors;
  readonly hyper: TaskManifest["training"];
  readonly compression: TaskManifest["compression"];
  readonly members: readonly Member[];
  /** Trains one member in a round: w_k, which an attacker has tampered with. */
  train(member: Member, round: number, settings: TrainSettings): Promise<Update>;
  /** w_G of a round's updates by the experiment's rule. */
  readonly aggregate: (updates: readonly Update[]) => Promise<Aggregate>;
  readonly facts: FederationFacts;
  readonly signal: AbortSignal;
}

/** What a result must say about the data behind it. */
export interface FederationFacts {
  /** SHA-256 of the dataset's records. */
  readonly dataset: string;
  readonly partition: string;
  /** Records in the training and the test file. */
  readonly trainRecords: number;
  readonly testRecords: number;
  /** True share of foreign images of each skewed split, in basis points. */
  readonly skews: Readonly<Record<string, number>>;
  readonly parameters: number;
}

/** Where trained models are kept for other trajectories of the same seed, or for a later run. */
export interface KeptModels {
  readonly dir: string;
  /** Up to which round: 1 for what schemes share, since all train from the initial model. */
  readonly rounds: number;
}

type Train = (member: Member, round: number, settings: TrainSettings) => Promise<ModelTensors>;

/** Loads data and model of an experiment and divides the data as a seed says. */
export async function openFederation(
  experiment: Experiment,
  seed: number,
  signal: AbortSignal,
  keep?: KeptModels,
): Promise<Federation> {
  const { data, rule } = experiment;
  const dataset = await loadDataset(data.dataset, data.dir);
  const { inputShape, classes } = dataset;
  if (classes === 1) {
    throw new InputError(`${dataset.name} has a number to predict; experiments compare accuracies`, {
      hint: "Choose a dataset with classes",
    });
  }
  const topology = await readModel(experiment.model, inputShape, classes);
  const hyper = { optimiser: "sgd", ...experiment.training, seed } as const;
  const manifest: TaskManifest = {
    format: "concordat/manifest/1",
    name: experiment.name,
    description: "",
    model: await manifestModel(topology, inputShape, classes),
    dataset: datasetTerms(dataset),
    training: hyper,
    evaluation: { metric: "accuracy", negotiationSplit: "validation" },
    privacy: { kind: "none" },
    compression: experiment.compression,
  };
  const { model, samplerFor } = await loadTask(manifest, { dataset, engine: experiment.engine });
  const { members, partition, skews } = shareOut(experiment, dataset, samplerFor, seed);
  const kept = keep && (await ModelFolder.open(keep.dir, model.specs));
  const privacyOf = privacyTerms(experiment, manifest);
  const train: Train = async (member, round, settings) => {
    const { momentum = hyper.momentum, stays = false, ...given } = settings;
    const terms: PrivacyTerms = stays ? { kind: "none" } : privacyOf(member.train.indices.length);
    // Training from equal weights with nothing added gives equal bits, whichever trajectory does it.
    const isPlain = Object.keys(given).join() === "weights" && momentum === hyper.momentum;
    const shared = isPlain && round <= (keep?.rounds ?? 0) ? kept : undefined;
    const name = `round-${round}-node-${member.id}-${terms.kind}-${digestOfModel(given.weights).slice(2, 18)}`;
    const known = await shared?.read(name);
    if (known !== undefined) return known;
    const place = { round, member: member.id, samples: member.train, signal };
    const options = { ...given, ...place, hyper: { ...hyper, momentum } };
    const noise = simulatedNoise(seed, round, member.id);
    const { weights } = await trainWithNoise(model, options, terms, noise);
    await shared?.write(name, weights);
    return weights;
  };
  return {
    seed,
    model,
    initial: model.initialise(seed),
    hyper,
    compression: experiment.compression,
    members,
    signal,
    async train(member, round, settings) {
      const tensors = await atNode(member.id, () => train(member, round, settings));
      const update = { memberId: member.id, samples: member.train.indices.length, tensors };
      return attackUpdate(member.attack, update, settings.weights, { seed, round });
    },
    aggregate: (updates) =>
      aggregateFinite(updates, (all) => aggregationRule(rule.name).aggregate(all, rule.f)),
    facts: {
      dataset: digestOfDataset(dataset),
      partition,
      trainRecords: dataset.train.count,
      testRecords: dataset.test.count,
      skews,
      parameters: model.specs.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    },
  };
}

/** Aggregates. @throws {RunDivergedError} where an update, as an attacker has made it, is not finite. */
async function aggregateFinite(
  updates: readonly Update[],
  aggregate: (updates: readonly Update[]) => Promise<Aggregate>,
): Promise<Aggregate> {
  try {
    return await aggregate(updates);
  } catch (error) {
    const node = error instanceof ArtifactError ? error.facts["memberId"] : undefined;
    if (!(error instanceof ArtifactError) || typeof node !== "number") throw error;
    throw new RunDivergedError(node, error.message, error);
  }
}
