import { memberId, type MemberId } from "@concordat/protocol/ids";
import type { Dataset } from "@concordat/learning/data/dataset";
import type { LearningTask } from "@concordat/learning/tasks/loadTask";
import { partition } from "@concordat/learning/partition/partition";
import type { Samples } from "@concordat/learning/data/samples";
import { flipLabels } from "./attack.ts";
import type { Attack, Experiment } from "./experiment.ts";

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

/** All members of a federation and what their data depends on. */
export interface Shares {
  readonly members: readonly Member[];
  /** Digest of the partition. */
  readonly partition: string;
  /** True share of foreign images of each skewed split, in basis points. */
  readonly skews: Readonly<Record<string, number>>;
}

/** Divides a dataset as an experiment and a seed say; the member's id is its place in the partition, from 1. */
export function shareOut(
  { attackers, data, skews }: Experiment,
  dataset: Dataset,
  samplerFor: LearningTask["samplerFor"],
  seed: number,
): Shares {
  const spec = { ...data.partition, nodes: data.nodes, seed: data.partition.seed ?? seed };
  const { nodes, digest } = partition({ ...spec, dataset });
  const levels = skews.map((skew) => Math.round(skew * 10_000));
  const shares: Record<string, number> = {};
  const members = nodes.map((part): Member => {
    const id = memberId(part.node + 1);
    const attack = attackers.find((one) => one.nodes.includes(id));
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
      train: attack?.kind === "label-flip" ? flipLabels(train, dataset.classes) : train,
      validation: samples(dataset.train, part.validation),
      test: samples(dataset.test, part.test),
      foreign,
      ...(attack && { attack }),
    };
  });
  return { members, partition: digest, skews: shares };
}
