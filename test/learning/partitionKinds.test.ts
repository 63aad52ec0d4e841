import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import type { Dataset, Split } from "#learning/data/dataset";
import { digits } from "#learning/data/digits";
import { partition, partitionDigest, partitionNode } from "#learning/partition/partition";
import { type NodePartition } from "#learning/partition/nodePartition";
import { encodePartition, readPartition } from "#learning/data/partitionFile";
import { apportion, dirichletShares } from "#learning/partition/proportions";
import type { PartitionSpec } from "#learning/partition/scheme";
import { SeededRandom } from "#learning/seededRandom";
import { dataFolder, inputError } from "./dataFolder.ts";

const dataset = digits();
const base = { nodes: 5, seed: 3 };
const SHARED: readonly PartitionSpec[] = [
  { kind: "iid", ...base },
  { kind: "dirichlet", ...base, alpha: 0.3 },
  { kind: "quantity", ...base },
  { kind: "quantity", ...base, alpha: 1 },
];
const held = ({ train, validation }: NodePartition) => [...train, ...validation];

/** The digits with a writer for each: 12 writers, the test file by `testWriters`. */
function written(testWriters: (i: number) => number): Dataset {
  const bySubject = (split: Split, writer: (i: number) => number): Split => ({
    ...split,
    subjects: Uint16Array.from({ length: split.count }, (_, i) => writer(i)),
  });
  return {
    ...dataset,
    train: bySubject(dataset.train, (i) => 1 + (Math.floor(i / 10) % 12)),
    test: bySubject(dataset.test, testWriters),
  };
}

describe("a partition that shares out the training file", function () {
  this.timeout(30_000);
  for (const spec of SHARED) {
    const name = `${spec.kind}${"alpha" in spec ? ` with alpha ${spec.alpha}` : ""}`;

    it(`by ${name} gives every record to one node, and apart for training and validation`, () => {
      const { nodes } = partition({ dataset, ...spec });
      const all = nodes.flatMap(held);
      expect(all.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 6000 }, (_, i) => i));
      for (const { train, validation } of nodes) {
        expect(validation.length).to.equal(Math.max(1, Math.floor((train.length + validation.length) / 5)));
      }
    });

    it(`by ${name} is the same for a seed, another for another, and a node finds its own part alone`, () => {
      const { nodes, digest } = partition({ dataset, ...spec });
      expect(partition({ dataset, ...spec, seed: 4 }).digest).to.not.equal(digest);
      expect(nodes.map((_, node) => partitionNode({ dataset, ...spec }, node))).to.deep.equal(nodes);
    });

    it(`by ${name} tests a node on its own classes, and on 2, 5, 7 and 10 records of each other class`, () => {
      for (const { classes, train, test, skewed } of partition({ dataset, ...spec }).nodes) {
        expect(new Set(train.map((i) => dataset.train.labels[i]))).to.deep.equal(new Set(classes));
        expect(new Set(test.map((i) => dataset.test.labels[i]))).to.deep.equal(new Set(classes));
        const others = 10 - classes.length;
        skewed.forEach(({ test: all, shareBps }, level) => {
          const extra = all.slice(test.length);
          expect(extra.length).to.equal(others * ([2, 5, 7, 10][level] ?? 0));
          expect(extra.some((i) => classes.includes(dataset.test.labels[i] ?? -1))).to.equal(false);
          expect(shareBps).to.equal(Math.floor((10_000 * extra.length) / all.length));
        });
      }
    });
  }

  it("by iid gives equal parts of every class, roughly", () => {
    for (const node of partition({ dataset, kind: "iid", ...base }).nodes) {
      expect(held(node).length).to.equal(1200);
      const sevens = held(node).filter((i) => dataset.train.labels[i] === 7).length;
      expect(sevens).to.be.within(80, 160);
    }
  });

  it("by dirichlet has few classes at a node for a small alpha, and all alike for a large one", () => {
    const greatest = (alpha: number) =>
      partition({ dataset, kind: "dirichlet", ...base, alpha }).nodes.map((node) => {
        const counts = Array.from(
          { length: 10 },
          (_, c) => held(node).filter((i) => dataset.train.labels[i] === c).length,
        );
        return Math.max(...counts) / held(node).length;
      });
    expect(Math.max(...greatest(1000))).to.be.below(0.13);
    expect(Math.max(...greatest(0.05))).to.be.above(0.3);
  });

  it("by quantity falls with the rank", () => {
    const sizes = (exponent: number) =>
      partition({ dataset, kind: "quantity", ...base, exponent })
        .nodes.map((node) => held(node).length)
        .toSorted((a, b) => b - a);
    expect(sizes(0)).to.deep.equal([1200, 1200, 1200, 1200, 1200]);
    const [first = 0, second = 0, third = 0] = sizes(1);
    expect(first / second).to.be.closeTo(2, 0.01);
    expect(first / third).to.be.closeTo(3, 0.01);
  });

  it("shares out as many records as are asked for", () => {
    const { nodes } = partition({
      dataset,
      kind: "iid",
      ...base,
      records: 500,
      validationShare: 0.5,
      testSamples: 30,
    });
    expect(nodes.map(({ train, validation }) => [train.length, validation.length])).to.deep.equal(
      Array.from({ length: 5 }, () => [50, 50]),
    );
    expect(new Set(nodes.flatMap(held)).size).to.equal(500);
    for (const { test } of nodes) expect(test.length).to.be.within(28, 31);
  });

  it("says when nodes would get too little", () => {
    const options = { dataset, ...base };
    expect(() => partition({ ...options, kind: "iid", records: 40 })).to.throw(
      InputError,
      "each of 5 nodes 10",
    );
    expect(() => partition({ ...options, kind: "iid", records: 7000 })).to.throw(
      InputError,
      "6000 records, not 7000",
    );
    expect(() => partition({ ...options, kind: "quantity", exponent: 10 })).to.throw(
      InputError,
      "are too few to give each",
    );
    expect(() => partition({ ...options, kind: "subjects" })).to.throw(InputError, "whose records");
    expect(() => partition({ dataset: written(() => 1), kind: "subjects", nodes: 13, seed: 1 })).to.throw(
      InputError,
      "12 subjects for 13 nodes",
    );
  });
});

describe("a partition by subject", function () {
  this.timeout(30_000);
  it("gives whole persons to nodes, and tests each node on its own persons where the test file knows them", () => {
    const persons = written((i) => 1 + (Math.floor(i / 10) % 12));
    const { nodes } = partition({ dataset: persons, kind: "subjects", ...base });
    const writers = nodes.map((node) => new Set(held(node).map((i) => persons.train.subjects?.[i])));
    expect(writers.map(({ size }) => size).toSorted()).to.deep.equal([2, 2, 2, 3, 3]);
    expect(new Set(writers.flatMap((set) => [...set])).size).to.equal(12);
    nodes.forEach(({ test }, node) => {
      expect(test.length).to.be.greaterThan(0);
      for (const i of test) expect(writers[node]?.has(persons.test.subjects?.[i])).to.equal(true);
    });
  });

  it("tests on strangers where the test file has none of its persons, as in UCI HAR", () => {
    const { nodes } = partition({ dataset: written(() => 40), kind: "subjects", ...base });
    for (const { test } of nodes) expect(test.length).to.equal(200);
  });
});

describe("a partition of records with a number to predict", function () {
  this.timeout(30_000);
  const numbers: Dataset = {
    name: "csv",
    inputShape: [1],
    classes: 1,
    mean: [],
    std: [],
    columns: [{ kind: "numeric", name: "x" }],
    target: { kind: "number", name: "y", offset: 0, scale: 1 },
    train: {
      features: new Float32Array(300),
      labels: new Uint16Array(300),
      targets: new Float32Array(300),
      count: 300,
    },
    test: {
      features: new Float32Array(60),
      labels: new Uint16Array(60),
      targets: new Float32Array(60),
      count: 60,
    },
  };

  it("has a test split and no skewed ones", () => {
    for (const { test, skewed } of partition({ dataset: numbers, kind: "iid", ...base }).nodes) {
      expect([test.length, skewed.length]).to.deep.equal([60, 0]);
    }
  });

  it("cannot go by classes", () => {
    expect(() => partition({ dataset: numbers, ...base })).to.throw(
      InputError,
      "a number to predict, not classes",
    );
  });
});

describe("paper 1's partition of many classes", function () {
  this.timeout(30_000);
  it("may skew with some of the other classes only, as the prototype does with CIFAR-100", () => {
    const { nodes } = partition({ dataset, ...base, classesPerNode: 2, skewClasses: 3 });
    for (const { classes, test, skewed } of nodes) {
      const foreign = skewed.map(
        (level) => new Set(level.test.slice(test.length).map((i) => dataset.test.labels[i])),
      );
      for (const set of foreign) expect([set.size, set]).to.deep.equal([3, foreign[0]]);
      for (const label of classes) expect(foreign[0]?.has(label)).to.equal(false);
    }
  });
});

describe("Dirichlet shares", function () {
  this.timeout(30_000);
  it("have the mean and the variance of the distribution", () => {
    for (const alpha of [0.1, 1, 5]) {
      const random = new SeededRandom(1, "dirichlet test", String(alpha));
      const draws = Array.from({ length: 4000 }, () => dirichletShares(alpha, 4, random)[0] ?? 0);
      const mean = draws.reduce((sum, share) => sum + share, 0) / draws.length;
      const variance = draws.reduce((sum, share) => sum + (share - mean) ** 2, 0) / draws.length;
      expect(mean).to.be.closeTo(0.25, 0.02);
      expect(variance / ((0.25 * 0.75) / (4 * alpha + 1))).to.be.closeTo(1, 0.1);
    }
  });

  it("sum to one, however small alpha is", () => {
    const shares = dirichletShares(1e-4, 6, new SeededRandom(2));
    expect(shares.reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-12);
  });

  it("become whole numbers that sum to the total", () => {
    expect(apportion([0.5, 0.3, 0.2], 7)).to.deep.equal([4, 2, 1]);
    expect(apportion([1 / 3, 1 / 3, 1 / 3], 100).reduce((sum, part) => sum + part, 0)).to.equal(100);
  });
});

describe("an index file", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const spec: PartitionSpec = { kind: "dirichlet", ...base, alpha: 0.5 };
  const made = partition({ dataset, ...spec });
  const text = encodePartition(dataset, spec, made);
  const refusal = async (content: string, expected?: string) => {
    await folder.put({ "index.json": content });
    return (await inputError(readPartition(join(folder.path, "index.json"), dataset, expected))).message;
  };

  it("gives the partition back, for the same data", async () => {
    await folder.put({ "index.json": text });
    const path = join(folder.path, "index.json");
    expect(await readPartition(path, digits(), made.digest)).to.deep.equal(made);
    expect(await readFile(path, "utf8")).to.match(/^\{"dataset":\{"digest":"0x/);
  });

  it("is refused when it was changed, is another one, or belongs to other data", async () => {
    expect(await refusal(text.replace('"node":1', '"node":2'))).to.include("was changed");
    expect(await refusal(text, `0x${"00".repeat(32)}`)).to.include("is the partition 0x");
    const features = Uint8Array.from(dataset.test.features);
    features[5] = 255 - (features[5] ?? 0);
    const other: Dataset = { ...dataset, test: { ...dataset.test, features } };
    expect(await refusal(encodePartition(other, spec, made))).to.include("made for other data");
    expect(await refusal("{}")).to.include("format");
    expect(await refusal("no")).to.include("not JSON");
    expect((await inputError(readPartition(join(folder.path, "none"), dataset))).message).to.include(
      "cannot be read",
    );
  });

  it("is refused when a node trains on what it validates with, or on what does not exist", async () => {
    const [first, ...others] = made.nodes;
    if (first === undefined) throw new Error("no nodes");
    for (const train of [[...first.train, first.validation[0] ?? 0], [6000]]) {
      const nodes = [{ ...first, train }, ...others];
      const forged = { nodes, digest: partitionDigest(nodes) };
      expect(await refusal(encodePartition(dataset, spec, forged))).to.include("node 0 has records");
    }
  });
});
