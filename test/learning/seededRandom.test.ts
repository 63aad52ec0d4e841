import { expect } from "chai";
import { SeededRandom } from "#learning/seededRandom";

/** Mean and variance of 20,000 draws. */
function moments(draw: () => number): { mean: number; variance: number } {
  const values = Array.from({ length: 20_000 }, draw);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length };
}

describe("SeededRandom", () => {
  it("gives the same numbers on every platform", () => {
    const random = new SeededRandom(42, "a label", 7);
    expect(Array.from({ length: 4 }, () => random.next())).to.deep.equal([
      2759343568, 3037897670, 964062337, 2669491809,
    ]);
  });

  it("follows xoshiro128**, checked step by step with big integers", () => {
    const random = new SeededRandom(3);
    const mask = 0xffff_ffffn;
    const rotate = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
    let [a, b, c, d] = [0x197f81e0n, 0x344fc520n, 0xda81717n, 0x57e63f69n] as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    for (let i = 0; i < 1000; i++) {
      expect(BigInt(random.next())).to.equal((rotate((b * 5n) & mask, 7n) * 9n) & mask);
      const t = (b << 9n) & mask;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotate(d, 11n);
    }
  });

  it("gives other numbers for another seed or label", () => {
    const firsts = [
      new SeededRandom(1),
      new SeededRandom(2),
      new SeededRandom(1, "x"),
      new SeededRandom(1, "x", 1),
    ];
    expect(new Set(firsts.map((random) => random.next())).size).to.equal(4);
  });

  it("draws integers evenly below a bound", () => {
    const random = new SeededRandom(5);
    const counts = [0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 70_000; i++) {
      const drawn = random.below(7);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(count).to.be.within(9_600, 10_400);
  });

  it("draws uniform and normal numbers with the right moments", () => {
    const random = new SeededRandom(6);
    const uniform = moments(() => random.uniform(-1, 3));
    expect(uniform.mean).to.be.closeTo(1, 0.05);
    expect(uniform.variance).to.be.closeTo(16 / 12, 0.05);
    const normal = moments(() => random.normal());
    expect(normal.mean).to.be.closeTo(0, 0.03);
    expect(normal.variance).to.be.closeTo(1, 0.05);
  });

  it("shuffles all orders of three equally often and keeps every item", () => {
    const random = new SeededRandom(8);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6_000; i++) {
      const order = random.shuffle([1, 2, 3]).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).to.deep.equal(["123", "132", "213", "231", "312", "321"]);
    for (const count of counts.values()) expect(count).to.be.within(880, 1_120);
  });

  it("samples different items without touching the list", () => {
    const items = [3, 1, 4, 1.5, 9, 2, 6];
    const drawn = new SeededRandom(9).sample(items, 4);
    expect(new Set(drawn).size).to.equal(4);
    expect(items).to.include.members(drawn);
    expect(items).to.deep.equal([3, 1, 4, 1.5, 9, 2, 6]);
  });
});
