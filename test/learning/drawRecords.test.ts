import { expect } from "chai";
import type { Split } from "#learning/data/dataset";
import { drawRecords } from "#learning/data/drawRecords";

/** Records of one value each, of classes in the order of a folder: all of one, then all of the next. */
function splitOf(...sizes: readonly number[]): Split {
  const labels = sizes.flatMap((size, label) => Array.from({ length: size }, () => label));
  return {
    features: Float32Array.from(labels, (label, i) => 1000 * label + i),
    labels: Uint16Array.from(labels),
    count: labels.length,
  };
}
const all = ({ count }: Split) => Array.from({ length: count }, (_, i) => i);
const perClass = ({ labels }: Split, drawn: readonly number[], classes: number) =>
  Array.from({ length: classes }, (_, label) => drawn.filter((i) => labels[i] === label).length);

describe("a draw of records", () => {
  it("takes each record equally often over many seeds", () => {
    const split = splitOf(10, 10, 10);
    const times = new Uint32Array(30);
    for (let seed = 0; seed < 600; seed++) {
      for (const i of drawRecords(split, all(split), { count: 10, seed, purpose: "test" }))
        times[i] = (times[i] ?? 0) + 1;
    }
    // 600 draws with probability 1/3: mean 200, deviation 11.5.
    for (const count of times) expect(count).to.be.within(150, 250);
  });

  it("has the classes about as the data has them", () => {
    const split = splitOf(300, 600, 100);
    const drawn = drawRecords(split, all(split), { count: 200, seed: 7, purpose: "test" });
    const [a = 0, b = 0, c = 0] = perClass(split, drawn, 3);
    expect(a + b + c).to.equal(200);
    expect([a, b, c].every((count, i) => Math.abs(count - ([60, 120, 20][i] ?? 0)) < 25)).to.equal(true);
  });

  it("has one of each class where there is room, however rare", () => {
    const split = splitOf(500, 1, 2, 1);
    for (let seed = 0; seed < 50; seed++) {
      const drawn = drawRecords(split, all(split), { count: 4, seed, purpose: "test" });
      expect(perClass(split, drawn, 4)).to.deep.equal([1, 1, 1, 1]);
      const few = drawRecords(split, all(split), { count: 2, seed, purpose: "test" });
      expect(few.length).to.equal(2);
    }
  });

  it("leaves one of each class, where what is left is used too", () => {
    const split = splitOf(20, 1, 2);
    for (let seed = 0; seed < 50; seed++) {
      const drawn = drawRecords(split, all(split), { count: 6, seed, purpose: "test", usesRest: true });
      const [common = 0, single = 0, pair = 0] = perClass(split, drawn, 3);
      expect([common + single + pair, single, pair]).to.deep.equal([6, 0, 1]);
    }
  });

  it("depends on what records are, not on where they stand", () => {
    const split = splitOf(40, 40);
    const order = all(split).toReversed();
    const reversed: Split = {
      features: Float32Array.from(order, (i) => split.features[i] ?? 0),
      labels: Uint16Array.from(order, (i) => split.labels[i] ?? 0),
      count: split.count,
    };
    const values = (of: Split) =>
      drawRecords(of, all(of), { count: 15, seed: 3, purpose: "test" })
        .map((i) => of.features[i] ?? 0)
        .toSorted((a, b) => a - b);
    expect(values(reversed)).to.deep.equal(values(split));
  });

  it("tells equal records apart, and purposes and seeds too", () => {
    const split: Split = { features: new Float32Array(60), labels: new Uint16Array(60), count: 60 };
    const draw = (seed: number, purpose: string) =>
      drawRecords(split, all(split), { count: 20, seed, purpose });
    expect(draw(1, "a").length).to.equal(20);
    expect(draw(1, "a")).to.not.deep.equal(draw(2, "a"));
    expect(draw(1, "a")).to.not.deep.equal(draw(1, "b"));
    expect(drawRecords(split, [5, 3], { count: 20, seed: 1, purpose: "a" })).to.deep.equal([5, 3]);
  });
});
