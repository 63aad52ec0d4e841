import { expect } from "chai";
import { parseEther } from "ethers";
import { printable } from "#protocol/words/printable";
import { readableTerms } from "#cli/readableTerms";
import { END_WORDS, STATE_WORDS, countWords, percentWords, wordsFor } from "#protocol/words/enumWords";
import { EndReason, TaskState } from "#protocol/contracts/enums";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { validTerms } from "../protocol/rules/termsFixture.ts";

const NOW = Date.UTC(2026, 10, 30, 12) / 1000;
const context = {
  now: NOW,
  reward: (amount: bigint) => `${amount / 10n ** 18n} DEV`,
  stake: (amount: bigint) => `${amount / 10n ** 18n} DEV`,
};

describe("what people read", () => {
  it("has words for every state and end, and names a number that it does not know", () => {
    for (const state of Object.values(TaskState)) expect(STATE_WORDS[state]).to.match(/^[a-z ]+$/);
    for (const reason of Object.values(EndReason)) expect(END_WORDS[reason]).to.match(/^[a-z ]*$/);
    expect(wordsFor(STATE_WORDS, 5n)).to.equal("cancelled");
    expect(wordsFor(STATE_WORDS, 99)).to.equal("unknown (99)");
  });

  it("says shares in percent and counts with their things", () => {
    expect(percentWords(6700)).to.equal("67 %");
    expect(percentWords(1)).to.equal("0.01 %");
    expect(countWords(1, "round")).to.equal("1 round");
    expect(countWords(12_000, "record")).to.equal("12,000 records");
  });

  it("has a line for every term that can decide, without names of the contract's, numbers of enums, seconds or wei", () => {
    const terms: TaskTerms = {
      ...validTerms(NOW),
      startTime: NOW + 60,
      timeLimit: NOW + 3 * 3600,
      minStake: parseEther("100"),
      rewardUnit: parseEther("2"),
    };
    const lines = readableTerms(terms, context);
    const text = lines.map(([name, value]) => `${name}: ${value}`).join("\n");
    expect(text).to.contain("no round starts after: in 3 hours (2026-11-30 15:00 UTC)");
    expect(text).to.contain("stake to join: 100 DEV");
    expect(text).to.contain("reward per point of reputation: 2 DEV");
    // No name as in the struct, and no bare amount in the smallest unit.
    expect(text).to.not.match(/\b[a-z]+[A-Z][a-z]+[A-Za-z]*:/);
    expect(text).to.not.match(/(?<![0-9a-fx])\d{16,}(?![0-9a-f])/);
    for (const address of [
      terms.coordinator,
      terms.stakeVault,
      terms.rewardLedger,
      terms.arbiter,
      terms.slashRecipient,
    ])
      expect(text).to.contain(address);
    const names = lines.map(([name]) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  it("shows nothing of a stranger's text that a terminal would obey", () => {
    expect(printable("DEV")).to.equal("DEV");
    expect(printable("\u001b[2J\u001b[1;1Hyou own 1 ETH")).to.equal("\ufffd[2J\ufffd[1;1Hyou own 1 ETH");
    expect(printable("a\nconcordat: all is well")).to.equal("a\ufffdconcordat: all is well");
    expect(printable("\u202eDEV")).to.equal("\ufffdDEV");
    expect(printable("x".repeat(1000), 16)).to.equal(`${"x".repeat(16)}...`);
  });
});
