import { expect } from "chai";
import fc from "fast-check";
import type { DatasetTerms } from "#protocol/manifest/datasetTerms";
import { InputError } from "#protocol/errors";
import { rowRecord } from "#frontend/pages/model/readRecord.ts";

/** Two positions with two channels each. */
const DATASET = {
  kind: "csv",
  inputShape: [2, 2],
  mean: [10, 0],
  std: [2, 0.5],
} as unknown as DatasetTerms;

describe("a row that a reader types for the model", () => {
  it("is normalised channel by channel, whatever separates its numbers", () => {
    const expected = [0, 2, 5, -2];
    for (const text of ["10,1,20,-1", "10 1\n20\t-1", " 10; 1; 20; -1 ", "1e1, 1.0, 2e1, -1,"])
      expect([...rowRecord(text, DATASET)], text).to.deep.equal(expected);
  });

  it("with too few, too many or no numbers is refused with the number that the model takes", () => {
    for (const [text, count] of [
      ["", 0],
      ["1,2,3", 3],
      ["1,2,3,4,5", 5],
    ] as const)
      expect(() => rowRecord(text, DATASET)).to.throw(InputError, `takes 4 numbers, this has ${count}`);
    for (const text of ["1,2,3,four", "1,2,3,NaN", "1,2,3,Infinity"])
      expect(() => rowRecord(text, DATASET), text).to.throw(InputError);
  });

  it("any row of numbers is taken, and none is lost", () => {
    const value = fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) });
    fc.assert(
      fc.property(fc.tuple(value, value, value, value), (row) => {
        const record = rowRecord(row.join(","), DATASET);
        expect(record).to.have.lengthOf(4);
        for (const [index, typed] of row.entries()) {
          const [mean, std] = index % 2 === 0 ? [10, 2] : [0, 0.5];
          const off = Math.abs((record[index] ?? Number.NaN) * std + mean - typed);
          // Not chai's closeTo: where Hardhat's matchers are loaded beside, that takes whole numbers alone.
          expect(off <= 1e-5 + Math.abs(typed) * 1e-6, `${typed} is off by ${off}`).to.equal(true);
        }
      }),
    );
  });
});
