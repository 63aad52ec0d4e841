import { expect } from "chai";
import * as fc from "fast-check";
import {
  bitmapHas,
  bitmapIsWithin,
  bitmapMinus,
  bitmapUnion,
  bitmapWords,
  bitmapsOverlap,
  fromBitmap,
  toBitmap,
} from "#protocol/rules/bitmap";
import { addScores, noScores, packScores, scoresAreValid, unpackScores } from "#protocol/rules/packedScores";
import { quorumOf } from "#protocol/rules/quorum";

const members = fc.uniqueArray(fc.integer({ min: 1, max: 1024 }), { maxLength: 60 });
const sorted = (values: Iterable<number>): number[] => [...values].toSorted((a, b) => a - b);

describe("bitmaps of members", () => {
  it("come back as the members that went in, in ascending order", () => {
    fc.assert(
      fc.property(members, (ids) => {
        const words = toBitmap(ids, 1024);
        expect(words).to.have.length(4);
        expect(fromBitmap(words)).to.deep.equal(sorted(ids));
        expect(sorted(ids).every((id) => bitmapHas(words, id))).to.equal(true);
      }),
    );
  });

  it("combine as sets do", () => {
    fc.assert(
      fc.property(members, members, (a, b) => {
        const [x, y] = [toBitmap(a, 1024), toBitmap(b, 1024)];
        const inB = new Set(b);
        expect(fromBitmap(bitmapUnion(x, y))).to.deep.equal(sorted(new Set([...a, ...b])));
        expect(fromBitmap(bitmapMinus(x, y))).to.deep.equal(sorted(a.filter((id) => !inB.has(id))));
        expect(bitmapsOverlap(x, y)).to.equal(a.some((id) => inB.has(id)));
        expect(bitmapIsWithin(x, y)).to.equal(a.every((id) => inB.has(id)));
      }),
    );
  });

  it("stand in bit memberId - 1 of words of 256, at least one word", () => {
    expect(toBitmap([1, 256, 257], 257)).to.deep.equal([1n | (1n << 255n), 1n]);
    expect([0, 1, 256, 257, 1024].map(bitmapWords)).to.deep.equal([1, 1, 1, 2, 4]);
    expect(() => toBitmap([257], 256)).to.throw(RangeError);
    expect(() => toBitmap([0], 256)).to.throw(RangeError);
  });
});

describe("packed scores", () => {
  const scores = fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 16 });

  it("come back as they went in", () => {
    fc.assert(
      fc.property(scores, (values) => {
        expect(unpackScores(packScores(values), values.length)).to.deep.equal(values);
      }),
    );
  });

  it("are refused above the maximum, and where a lane above the last is not zero", () => {
    expect(scoresAreValid(packScores([10_000, 0]), 2, 10_000)).to.equal(true);
    expect(scoresAreValid(packScores([10_000, 10_001]), 2, 10_000)).to.equal(false);
    expect(scoresAreValid(packScores([1, 2, 3]), 2, 10_000)).to.equal(false);
    expect(() => packScores([65_536])).to.throw(RangeError);
  });

  it("add up to sums and sums of squares", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(65_535), fc.nat(65_535)), { maxLength: 30 }), (reports) => {
        const totals = reports.reduce((sum, report) => addScores(sum, packScores(report)), noScores(2));
        const column = (r: 0 | 1): bigint[] => reports.map((report) => BigInt(report[r]));
        expect(totals.reports).to.equal(reports.length);
        for (const r of [0, 1] as const) {
          expect(totals.sums[r]).to.equal(column(r).reduce((a, b) => a + b, 0n));
          expect(totals.squares[r]).to.equal(column(r).reduce((a, b) => a + b * b, 0n));
        }
      }),
    );
  });
});

describe("a quorum", () => {
  it("is the least number that is not below the ratio of the active set", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 1024 }), (bps, active) => {
        const quorum = quorumOf(bps, active);
        expect(quorum * 10_000).to.be.at.least(bps * active);
        expect((quorum - 1) * 10_000).to.be.below(bps * active);
      }),
    );
  });
});
