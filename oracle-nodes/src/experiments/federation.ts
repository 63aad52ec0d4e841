import { createHash } from "node:crypto";
import type { PrivacyTerms } from "../../../protocol/privacyTerms.ts";
import { InputError } from "../../../protocol/errors.ts";
import type { MemberId } from "../../../protocol/ids.ts";
import { memberId } from "../../../protocol/ids.ts";
import type { TaskManifest } from "../../../protocol/manifest.ts";
import type { ModelTensors } from "../../../protocol/tensors.ts";
import { aggregationRule } from "../aggregation/aggregationRule.ts";
import type { Update } from "../aggregation/rule.ts";
import { privacyTerms, simulatedNoise } from "./privacy.ts";
import { trainWithNoise } from "../learning/privateTraining.ts";
import { datasetTerms, loadDataset } from "../learning/dataset.ts";
import type { TrainableModel, TrainOptions } from "../learning/engine.ts";
import { loadTask } from "../learning/loadTask.ts";
import { manifestModel } from "../learning/manifestModel.ts";
import { partition } from "../learning/partition.ts";
import { readModel } from "../learning/readModel.ts";
import type { Samples } from "../learning/samples.ts";
import { attackUpdate, flipLabels } from "./attack.ts";
import type { Attack, Experiment } from "./experiment.ts";
import { digestOfDataset } from "./datasetDigest.ts";
import { ModelFolder } from "./modelFolder.ts";

/** A test split under its name: `test`, or what a skewed one has beside the node's clean images. */
export interface TestPart {
  /** "test" or "skew 10 %", by the nominal level. */
  readonly split: string;
  readonly samples: Samples;
}

/** One node of a simulated federation and its data. */
export interface Member {
  readonly id: MemberId;
  readonly train: Samples;
  readonly validation: Samples;
  readonly test: Samples;
  /** The foreign images that make skewed splits of the clean test images, one entry a level. */
  readonly foreign: readonly TestPart[];
  readonly attack?: Attack;
}

/** What a chain gives to a training beside what the federation knows. */
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
  aggregate(updates: readonly Update[]): Promise<ModelTensors>;
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

/** Where trained models are kept for other chains of the same seed, or for a later run. */
export interface KeptModels {
  readonly dir: string;
  /** Up to which round: 1 for what schemes share, since all train from the initial model. */
  readonly rounds: number;
}

/** Loads data and model of an experiment and divides the data as a seed says. */
export async function openFederation(
  experiment: Experiment,
  seed: number,
  signal: AbortSignal,
  keep?: KeptModels,
): Promise<Federation> {
  const { data, rule, skews } = experiment;
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
  const parts = partition({
    ...data.partition,
    dataset,
    nodes: data.nodes,
    seed: data.partition.seed ?? seed,
  });
  const levels = skews.map((skew) => Math.round(skew * 10_000));
  const shares: Record<string, number> = {};

  const members = parts.nodes.map((part): Member => {
    const id = memberId(part.node + 1);
    const attack = experiment.attackers.find(({ nodes }) => nodes.includes(id));
    const samples = samplerFor(part.train);
    const train = samples(dataset.train, part.train);
    const foreign = part.skewed
      .filter(({ levelBps }) => levels.includes(levelBps))
      .map(({ levelBps, shareBps, test }) => {
        const split = `skew ${levelBps / 100} %`;
        shares[split] = shareBps;
        return { split, samples: samples(dataset.test, test.slice(part.test.length)) };
      });
    return {
      id,
      train: attack?.kind === "label-flip" ? flipLabels(train, classes) : train,
      validation: samples(dataset.train, part.validation),
      test: samples(dataset.test, part.test),
      foreign,
      ...(attack && { attack }),
    };
  });

  const kept = keep && (await ModelFolder.open(keep.dir, model.specs));
  const privacyOf = privacyTerms(experiment, manifest);
  /** w_k, trained now or by another chain: training from equal weights with nothing added gives equal bits. */
  const train = async (member: Member, round: number, settings: TrainSettings): Promise<ModelTensors> => {
    const { momentum = hyper.momentum, stays = false, ...given } = settings;
    const terms: PrivacyTerms = stays ? { kind: "none" } : privacyOf(member.train.indices.length);
    const isPlain = Object.keys(given).join() === "weights" && momentum === hyper.momentum;
    const shared = isPlain && round <= (keep?.rounds ?? 0) ? kept : undefined;
    const name = `round-${round}-node-${member.id}-${terms.kind}-${digestOfModel(given.weights).slice(2, 18)}`;
    const known = await shared?.read(name);
    if (known !== undefined) return known;
    const options = { ...given, round, member: member.id, samples: member.train, signal };
    const noise = simulatedNoise(seed, round, member.id);
    const { weights } = await trainWithNoise(
      model,
      { ...options, hyper: { ...hyper, momentum } },
      terms,
      noise,
    );
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
      const tensors = await train(member, round, settings);
      const update = { memberId: member.id, samples: member.train.indices.length, tensors };
      return attackUpdate(member.attack, update, settings.weights, { seed, round });
    },
    aggregate: async (updates) => (await aggregationRule(rule.name).aggregate(updates, rule.f)).tensors,
    facts: {
      dataset: digestOfDataset(dataset),
      partition: parts.digest,
      trainRecords: dataset.train.count,
      testRecords: dataset.test.count,
      skews: shares,
      parameters: model.specs.reduce((sum, { shape }) => sum + shape.reduce((n, d) => n * d, 1), 0),
    },
  };
}

/** SHA-256 over names, shapes and values: equal exactly when the models are. */
export function digestOfModel(tensors: ModelTensors): string {
  const hash = createHash("sha256");
  for (const { name, shape, data } of tensors) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `0x${hash.digest("hex")}`;
}
