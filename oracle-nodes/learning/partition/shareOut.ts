import { InputError } from "@concordat/protocol/errors";
import type { Dataset, Split } from "../data/dataset.ts";
import { type NodePartition, SKEW_LEVELS_BPS, type SkewedTest } from "./nodePartition.ts";
import { SeededRandom } from "../seededRandom.ts";
import { apportion, dirichletShares, powerLawShares } from "./proportions.ts";
import type { SharedSpec } from "./scheme.ts";

/** Records below which a node could not train and validate: shares are drawn again. */
const LEAST_RECORDS = 10;
const ATTEMPTS = 100;
/** Test records of a class that the skews are shares of, as in paper 1: 2, 5, 7 and 10 records of each other class. */
const SKEWED_PER_CLASS = 50;

/**
 * Divides the training file among all nodes, each record to one node at most, and each node's records into training and
 * validation. A node's test records come from the test file, in the proportions of its training classes; where a node
 * holds persons whom the test file knows too, from theirs.
 *
 * @throws {InputError} when a node would get too few records.
 */
export function shareOut(dataset: Dataset, spec: SharedSpec): NodePartition[] {
  const classSets = drawClassSets(dataset, spec);
  return classSets.map((classSet, node) => {
    const random = new SeededRandom(spec.seed, "partition", spec.kind, "validation", node);
    const shuffled = random.shuffle([...classSet]);
    const validated = Math.max(1, Math.floor(shuffled.length * (spec.validationShare ?? 0.2)));
    const train = shuffled.slice(validated);
    return {
      node,
      train,
      validation: shuffled.slice(0, validated),
      ...testSplits(dataset, spec, node, train),
    };
  });
}

/** Each node's records of the training file. */
function drawClassSets(dataset: Dataset, spec: SharedSpec): number[][] {
  const { kind, seed, nodes } = spec;
  const pool = recordsOf(dataset.train, spec);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const random = new SeededRandom(seed, "partition", kind, attempt);
    const classSets = divide(dataset.train, pool, spec, random);
    if (classSets.every((classSet) => classSet.length >= LEAST_RECORDS)) return classSets;
    if (kind === "subjects" || kind === "iid") break;
  }
  throw new InputError(`${pool.length} records are too few to give each of ${nodes} nodes ${LEAST_RECORDS}`, {
    hint:
      kind === "iid" ? "Give fewer nodes or more records" : "Give fewer nodes, more records, or less skew",
  });
}

function recordsOf({ count }: Split, { seed, records }: SharedSpec): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  if (records === undefined) return all;
  if (records > count) {
    throw new InputError(`The training file has ${count} records, not ${records}`, {
      hint: "Give fewer records",
    });
  }
  return new SeededRandom(seed, "partition", "records").sample(all, records).toSorted((a, b) => a - b);
}

function divide(split: Split, pool: readonly number[], spec: SharedSpec, random: SeededRandom): number[][] {
  const { kind, nodes } = spec;
  switch (kind) {
    case "iid":
      return deal(random.shuffle([...pool]), equalShares(nodes));
    case "quantity": {
      const shuffled = random.shuffle([...pool]);
      if (spec.alpha !== undefined) return deal(shuffled, dirichletShares(spec.alpha, nodes, random));
      const shares = powerLawShares(spec.exponent ?? 1, nodes);
      const ranks = random.shuffle(shares.map((_share, rank) => rank));
      return deal(
        shuffled,
        ranks.map((rank) => shares[rank] ?? 0),
      );
    }
    case "dirichlet": {
      const classSets: number[][] = Array.from({ length: nodes }, () => []);
      for (const records of groupBy(pool, (i) => split.labels[i] ?? 0).values()) {
        const parts = deal(random.shuffle(records), dirichletShares(spec.alpha, nodes, random));
        parts.forEach((part, node) => classSets[node]?.push(...part));
      }
      return classSets;
    }
    case "subjects":
      return dealSubjects(split, pool, nodes, random);
  }
}

/** Deals shuffled subjects one after another, so that no node has two more than another. */
function dealSubjects(
  { subjects }: Split,
  pool: readonly number[],
  nodes: number,
  random: SeededRandom,
): number[][] {
  if (subjects === undefined) {
    throw new InputError("The dataset does not say whose records it holds", {
      hint: "Choose another kind of partition",
    });
  }
  const bySubject = groupBy(pool, (i) => subjects[i] ?? 0);
  if (bySubject.size < nodes) {
    throw new InputError(`The training file has ${bySubject.size} subjects for ${nodes} nodes`, {
      hint: "Give fewer nodes",
    });
  }
  const classSets: number[][] = Array.from({ length: nodes }, () => []);
  random.shuffle([...bySubject.keys()]).forEach((subject, i) => {
    classSets[i % nodes]?.push(...(bySubject.get(subject) ?? []));
  });
  return classSets;
}

/** Consecutive parts in the proportion of the shares. */
function deal(records: readonly number[], shares: readonly number[]): number[][] {
  let from = 0;
  return apportion(shares, records.length).map((size) => records.slice(from, (from += size)));
}

function equalShares(nodes: number): number[] {
  return Array.from({ length: nodes }, () => 1 / nodes);
}

/** Groups in the order of their keys. */
function groupBy(records: readonly number[], keyOf: (record: number) => number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const record of records) {
    const group = groups.get(keyOf(record));
    if (group === undefined) groups.set(keyOf(record), [record]);
    else group.push(record);
  }
  return new Map([...groups].toSorted(([a], [b]) => a - b));
}

function testSplits(
  dataset: Dataset,
  { kind, seed, testSamples = 200 }: SharedSpec,
  node: number,
  train: readonly number[],
): Pick<NodePartition, "classes" | "test" | "skewed"> {
  const draw = (records: readonly number[], count: number, ...purpose: readonly (string | number)[]) =>
    new SeededRandom(seed, "partition", kind, ...purpose, node).sample(
      records,
      Math.min(count, records.length),
    );
  const trained = groupBy(train, (i) => dataset.train.labels[i] ?? 0);
  const classes = [...trained.keys()];
  const available = groupBy(testRecords(dataset, kind, train), (i) => dataset.test.labels[i] ?? 0);
  const shares = classes.map((label) => (trained.get(label)?.length ?? 0) / train.length);
  const counts = apportion(shares, testSamples);
  const test = classes.flatMap((label, i) =>
    draw(available.get(label) ?? [], Math.max(1, counts[i] ?? 0), "test", label),
  );
  if (dataset.classes === 1) return { classes, test, skewed: [] };

  const foreign = [...available].filter(([label]) => !trained.has(label));
  const skewed = SKEW_LEVELS_BPS.map((levelBps): SkewedTest => {
    const perClass = Math.floor((SKEWED_PER_CLASS * levelBps) / 10_000);
    const extra = foreign.flatMap(([label, records]) => draw(records, perClass, `skew ${levelBps}`, label));
    const total = test.length + extra.length;
    return {
      levelBps,
      shareBps: total === 0 ? 0 : Math.floor((10_000 * extra.length) / total),
      test: [...test, ...extra],
    };
  });
  return { classes, test, skewed };
}

/** The records of the test file that a node is tested on: those of its own subjects where there are any. */
function testRecords({ train, test }: Dataset, kind: SharedSpec["kind"], own: readonly number[]): number[] {
  const all = Array.from({ length: test.count }, (_, i) => i);
  if (kind !== "subjects") return all;
  const subjects = new Set(own.map((i) => train.subjects?.[i]));
  const theirs = all.filter((i) => subjects.has(test.subjects?.[i]));
  return theirs.length > 0 ? theirs : all;
}
