import { expect } from "chai";
import { readDecimal, writeDecimal } from "#frontend/ui/readDecimal.ts";

describe("numbers as the reader’s language writes them", () => {
  for (const [text, decimal, plain] of [
    ["12.5", ".", "12.5"],
    [" 7 ", ".", "7"],
    ["1.000", ".", "1.000"],
    ["12,5", ".", undefined],
    ["12,5", ",", "12.5"],
    ["12.5", ",", "12.5"],
    // A thousand, or one?
    ["1.000", ",", undefined],
    ["1.000,5", ",", undefined],
    ["12٫5", "٫", "12.5"],
    ["-1", ".", undefined],
    ["1e5", ".", undefined],
    ["", ".", undefined],
  ] as const) {
    it(`"${text}" with "${decimal}" is ${plain ?? "none"}`, () => {
      expect(readDecimal(text, decimal)).to.equal(plain);
      if (plain !== undefined)
        expect(readDecimal(writeDecimal(plain, decimal), decimal) ?? plain).to.equal(plain);
    });
  }
});
