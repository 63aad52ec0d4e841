import { expect } from "chai";
import { currencyWords } from "#protocol/words/currencyWords";
import { dateWords, durationWords, momentWords } from "#protocol/words/timeWords";

describe("times in words", () => {
  it("say a length in its two greatest units, rounded down", () => {
    expect(durationWords(0)).to.equal("0 seconds");
    expect(durationWords(-5)).to.equal("0 seconds");
    expect(durationWords(1)).to.equal("1 second");
    expect(durationWords(90)).to.equal("1 minute 30 seconds");
    expect(durationWords(3600)).to.equal("1 hour");
    expect(durationWords(7505)).to.equal("2 hours 5 minutes");
    expect(durationWords(86_400)).to.equal("1 day");
    expect(durationWords(90 * 86_400 + 5)).to.equal("90 days");
  });

  it("say a moment from where the reader stands, and as a date", () => {
    const at = Date.UTC(2026, 11, 1, 10) / 1000;
    expect(momentWords(at, at - 3 * 3600)).to.equal("in 3 hours (2026-12-01 10:00 UTC)");
    expect(momentWords(at, at + 60)).to.equal("1 minute ago (2026-12-01 10:00 UTC)");
    expect(momentWords(at, at)).to.equal("now (2026-12-01 10:00 UTC)");
  });

  it("do not fail on a number that no calendar has", () => {
    expect(dateWords(Number.MAX_SAFE_INTEGER)).to.equal("second 9007199254740991 since 1970");
  });
});

describe("amounts of a chain's own currency in words", () => {
  it("have as many digits as are read", () => {
    expect(currencyWords(0n)).to.equal("0");
    expect(currencyWords(10n ** 18n)).to.equal("1");
    expect(currencyWords(1_234_567_890_123_456n)).to.equal("0.0012346");
    expect(currencyWords(10_000n * 10n ** 18n)).to.equal("10000");
    expect(currencyWords(1n)).to.equal("0.000000000000000001");
  });
});
