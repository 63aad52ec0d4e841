import { expect } from "chai";
import { InputError } from "#protocol/errors";
import type { Dataset, Split } from "#learning/data/dataset";
import { digits } from "#learning/data/digits";
import { partition, partitionNode } from "#learning/partition/partition";

const options = { dataset: digits(), nodes: 5, seed: 7 };

function countByClass(split: Split, indices: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const index of indices) {
    const label = split.labels[index] ?? -1;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}

describe("partition", () => {
  const { nodes, digest } = partition(options);

  it("gives each node four classes with 150 training, 50 validation and 50 test images of each", () => {
    for (const node of nodes) {
      expect(new Set(node.classes).size).to.equal(4);
      const expected = (count: number) => new Map(node.classes.map((label) => [label, count]));
      expect(countByClass(options.dataset.train, node.train)).to.deep.equal(expected(150));
      expect(countByClass(options.dataset.train, node.validation)).to.deep.equal(expected(50));
      expect(countByClass(options.dataset.test, node.test)).to.deep.equal(expected(50));
    }
  });

  it("never scores a node on images that it trained on", () => {
    for (const { train, validation } of nodes) {
      expect(new Set([...train, ...validation]).size).to.equal(train.length + validation.length);
    }
  });

  it("adds 2, 5, 7 and 10 images of each foreign class to the skewed test splits and tells the true share", () => {
    for (const node of nodes) {
      expect(node.skewed.map(({ levelBps, shareBps }) => [levelBps, shareBps])).to.deep.equal([
        [500, 566],
        [1000, 1304],
        [1500, 1735],
        [2000, 2307],
      ]);
      node.skewed.forEach(({ test }, i) => {
        const perClass = [2, 5, 7, 10][i];
        const counts = countByClass(options.dataset.test, test);
        for (let label = 0; label < 10; label++) {
          expect(counts.get(label)).to.equal(node.classes.includes(label) ? 50 : perClass);
        }
        expect(new Set(test).size).to.equal(test.length);
      });
    }
  });

  it("covers every class when the hands suffice, and no class much more than another", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const three = partition({
        ...options,
        nodes: 3,
        seed,
        trainPerClass: 1,
        validationPerClass: 1,
        testPerClass: 1,
      });
      expect(new Set(three.nodes.flatMap((node) => node.classes)).size).to.equal(10);
      const ten = partition({
        ...options,
        nodes: 10,
        seed,
        trainPerClass: 1,
        validationPerClass: 1,
        testPerClass: 1,
      });
      for (let label = 0; label < 10; label++) {
        expect(ten.nodes.filter((node) => node.classes.includes(label)).length).to.be.within(3, 5);
      }
    }
  });

  it("lets a node compute its own part alone", () => {
    expect(nodes.map((_, node) => partitionNode(options, node))).to.deep.equal(nodes);
  });

  it("is the same for the same seed, another for another, and pinned", () => {
    expect(partition(options).digest).to.equal(digest);
    expect(partition({ ...options, seed: 8 }).digest).to.not.equal(digest);
    expect(digest).to.equal("0x21b1d10fbd710a2b2f11e568fe8925c3d0f9d83d3f3c097523152d37feed9de6");
  });

  it("says what is missing when the numbers do not fit the dataset", () => {
    expect(() => partition({ ...options, trainPerClass: 600 })).to.throw(
      InputError,
      /600 records of class \d/,
    );
    expect(() => partition({ ...options, classesPerNode: 11 })).to.throw(InputError, "10 classes, not 11");
    expect(() => partition({ ...options, nodes: 0 })).to.throw(InputError, "nodes is 0");
    expect(() => partition({ ...options, testPerClass: 1.5 })).to.throw(InputError, "testPerClass is 1.5");
    expect(() => partitionNode(options, 5)).to.throw(InputError, "no node 5");
  });

  it("has no foreign images when a node sees every class", () => {
    const tiny: Dataset = { ...options.dataset, classes: 10 };
    const { skewed, test } = partitionNode({ ...options, dataset: tiny, classesPerNode: 10 }, 0);
    for (const level of skewed) expect(level).to.deep.include({ shareBps: 0, test });
  });
});
