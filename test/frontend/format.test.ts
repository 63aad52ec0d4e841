import { expect } from "chai";
import fc from "fast-check";
import { formatUnits } from "viem";
import {
  amount,
  bytes,
  count,
  duration,
  figure,
  listed,
  number,
  percent,
  ratio,
} from "#frontend/ui/format.ts";
import { parseAmount } from "#frontend/ui/parseAmount.ts";

const decimals = fc.integer({ min: 0, max: 24 });

describe("numbers as readers see them", () => {
  it("basis points become percentages and ratios, without an invented digit", () => {
    expect([percent(0), percent(1), percent(6250), percent(10_000)]).to.deep.equal([
      "0 %",
      "0.01 %",
      "62.5 %",
      "100 %",
    ]);
    expect([ratio(0), ratio(5500), ratio(10_000)]).to.deep.equal(["0", "0.55", "1"]);
  });

  it("a noun follows its number", () => {
    expect([count(0, "round"), count(1, "round"), count(1200n, "round")]).to.deep.equal([
      "0 rounds",
      "1 round",
      "1,200 rounds",
    ]);
    expect(count(2, "entry", "entries")).to.equal("2 entries");
  });

  it("things in a row are told as in a sentence", () => {
    expect([["arbiter"], ["arbiter", "token"], ["arbiter", "token", "vault"]].map(listed)).to.deep.equal([
      "arbiter",
      "arbiter and token",
      "arbiter, token, and vault",
    ]);
  });

  it("a figure beside a drawing is short, and nothing is rounded to 0", () => {
    expect([0, 0.25, 83.8333, 99_999, 350_000, -0.00002, 1e-15].map(figure)).to.deep.equal([
      "0",
      "0.25",
      "83.8333",
      "99,999",
      "350K",
      "-2E-5",
      "1E-15",
    ]);
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        fc.pre(value !== 0);
        expect(figure(value)).to.match(/[1-9]/);
      }),
    );
  });

  it("a duration has at most its two greatest units, and none is less than what was given by more than the next", () => {
    expect([0, 0.4, 59, 60, 125, 3600, 86_400, 90_000, 2 * 86_400 + 59].map(duration)).to.deep.equal([
      "0 s",
      "0 s",
      "59 s",
      "1 min",
      "2 min 5 s",
      "1 h",
      "1 day",
      "1 day 1 h",
      "2 days 59 s",
    ]);
    expect(duration(-5)).to.equal("0 s");
    const size: Readonly<Record<string, number>> = { day: 86_400, days: 86_400, h: 3600, min: 60, s: 1 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
        const parts = duration(seconds).match(/\d+ \w+/g) ?? [];
        const units = parts.map((part) => size[part.split(" ")[1] ?? ""] ?? Number.NaN);
        const told = parts.reduce((sum, part, i) => sum + Number.parseInt(part, 10) * (units[i] ?? 0), 0);
        expect(parts.length).to.be.within(1, 2);
        expect(seconds - told).to.be.within(0, (units.at(-1) ?? 0) - 1);
      }),
    );
  });

  it("sizes change their unit at 1024", () => {
    expect([0, 1023, 1024, 1536, (1 << 20) - 1, 1 << 20].map(bytes)).to.deep.equal([
      "0 B",
      "1023 B",
      "1 KiB",
      "1.5 KiB",
      "1,024 KiB",
      "1 MiB",
    ]);
  });

  it("an amount of an unknown token says that it counts the smallest units", () => {
    expect(amount(1500n, undefined)).to.equal("1,500 units");
    expect(amount(12_500_000n, { symbol: "USD", decimals: 6 })).to.equal("12.5 USD");
    expect(number(1_234_567n)).to.equal("1,234,567");
  });
});

describe("amounts as readers write them", () => {
  it("what was written out is read back to the last unit, whatever the token's decimals", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n }), decimals, (units, places) => {
        expect(parseAmount(` ${formatUnits(units, places)} `, places)).to.equal(units);
      }),
    );
  });

  it("a digit too many is refused, never rounded", () => {
    fc.assert(
      fc.property(decimals, fc.integer({ min: 1, max: 9 }), (places, digit) => {
        const answer = parseAmount(`1.${"0".repeat(places)}${digit}`, places);
        expect(answer).to.equal(`At most ${places} digits after the point`);
      }),
    );
  });

  it("anything else than plain decimal digits is a sentence, and never an amount", () => {
    for (const text of [
      "",
      " ",
      "-1",
      "+1",
      "1e18",
      "0x10",
      "1,000",
      "1.",
      ".5",
      "1.2.3",
      "١٢",
      "Infinity",
      "NaN",
    ])
      expect(parseAmount(text, 18), text).to.equal("Give a number such as 12.5");
    fc.assert(
      fc.property(fc.string(), (text) => {
        const answer = parseAmount(text, 18);
        if (typeof answer === "bigint") expect(text.trim()).to.match(/^\d+(\.\d+)?$/);
        else expect(answer).to.match(/^(Give|At most) /);
      }),
    );
  });
});
