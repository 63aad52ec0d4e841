import { InputError } from "@concordat/protocol/errors";
import type { Dataset, Split } from "../data/dataset.ts";
import { type NodePartition, SKEW_LEVELS_BPS, type SkewedTest } from "./nodePartition.ts";
import { SeededRandom } from "../seededRandom.ts";
import type { ClassesSpec } from "./scheme.ts";

/**
 * The data of one node, non-IID as in paper 1, section 4.1: a few classes, equally many records of each.
 * Classes are dealt like cards from shuffled decks of all classes, so that nodes * classesPerNode >= classes covers
 * every class, and no class is seen by many nodes more than another.
 *
 * @throws {InputError} when the numbers do not fit each other or the dataset.
 */
export function classPartition(dataset: Dataset, spec: ClassesSpec, node: number): NodePartition {
  const { seed } = spec;
  const { classesPerNode, trainPerClass, validationPerClass, testPerClass } = checkCounts(dataset, spec);
  const classes = dealClasses(dataset.classes, classesPerNode, seed, node);
  const draw = (split: Split, label: number, count: number, purpose: string) =>
    drawOfClass(split, label, count, new SeededRandom(seed, "partition", purpose, node, label));

  const train: number[] = [];
  const validation: number[] = [];
  const test: number[] = [];
  for (const label of classes) {
    const drawn = draw(dataset.train, label, trainPerClass + validationPerClass, "train");
    train.push(...drawn.slice(0, trainPerClass));
    validation.push(...drawn.slice(trainPerClass));
    test.push(...draw(dataset.test, label, testPerClass, "test"));
  }
  const foreign = foreignClasses(dataset.classes, classes, spec, node);
  const skewed = SKEW_LEVELS_BPS.map((levelBps): SkewedTest => {
    const perClass = Math.floor((testPerClass * levelBps) / 10_000);
    const extra = foreign.flatMap((label) => draw(dataset.test, label, perClass, `skew ${levelBps}`));
    const shareBps = Math.floor((10_000 * extra.length) / (test.length + extra.length));
    return { levelBps, shareBps, test: [...test, ...extra] };
  });
  return { node, classes, train, validation, test, skewed };
}

/** The classes whose records skew the tests: all others, or as many of them as the options say. */
function foreignClasses(
  classes: number,
  own: readonly number[],
  { seed, skewClasses }: ClassesSpec,
  node: number,
): number[] {
  const others = Array.from({ length: classes }, (_, label) => label).filter((label) => !own.includes(label));
  if (skewClasses === undefined || skewClasses >= others.length) return others;
  const random = new SeededRandom(seed, "partition", "skew classes", node);
  return random.sample(others, skewClasses).toSorted((a, b) => a - b);
}

function checkCounts(dataset: Dataset, spec: ClassesSpec) {
  const { classesPerNode = 4, trainPerClass = 150, validationPerClass = 50, testPerClass = 50 } = spec;
  if (dataset.classes === 1) {
    throw new InputError(`${dataset.name} has a number to predict, not classes`, {
      hint: "Choose another kind of partition: iid, subjects or quantity",
    });
  }
  const counts = { classesPerNode, trainPerClass, validationPerClass, testPerClass };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 1) {
      throw new InputError(`${name} is ${count}`, { hint: "Give a whole number from 1" });
    }
  }
  if (classesPerNode > dataset.classes) {
    throw new InputError(`${dataset.name} has ${dataset.classes} classes, not ${classesPerNode}`, {
      hint: "Give each node fewer classes",
    });
  }
  return counts;
}

/** Deals classSets of `count` different classes to nodes 0..node and returns the last classSet, ascending. */
function dealClasses(classes: number, count: number, seed: number, node: number): number[] {
  const random = new SeededRandom(seed, "partition", "classes");
  const deck: number[] = [];
  let classSet: number[] = [];
  for (let dealt = 0; dealt <= node; dealt++) {
    classSet = [];
    while (classSet.length < count) {
      let card = deck.findIndex((label) => !classSet.includes(label));
      if (card < 0) {
        card = deck.length;
        deck.push(...random.shuffle(Array.from({ length: classes }, (_, label) => label)));
        card += deck.slice(card).findIndex((label) => !classSet.includes(label));
      }
      classSet.push(...deck.splice(card, 1));
    }
  }
  return classSet.toSorted((a, b) => a - b);
}

function drawOfClass(split: Split, label: number, count: number, random: SeededRandom): number[] {
  const members: number[] = [];
  split.labels.forEach((found, index) => found === label && members.push(index));
  if (members.length < count) {
    throw new InputError(
      `The dataset has ${members.length} records of class ${label} in a split, but ${count} are needed`,
      {
        hint: "Ask for fewer records per class, or give more data files",
      },
    );
  }
  return random.sample(members, count);
}
