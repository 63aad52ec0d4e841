import { expect } from "chai";
import fc from "fast-check";
import { encodeFunctionData, zeroHash } from "viem";
import type { Draft, FieldTerm } from "#frontend/pages/publish/draft.ts";
import { NEW_DRAFT, choicesIn } from "#frontend/pages/publish/draft.ts";
import { draftFaults } from "#frontend/pages/publish/draftFaults.ts";
import { draftTerms } from "#frontend/pages/publish/draftTerms.ts";
import { typedText } from "#frontend/pages/publish/fieldUnit.ts";
import { FAULT_STEPS, STEPS } from "#frontend/pages/publish/steps.ts";
import { ERROR_WORDS } from "#frontend/transactions/errorWords.ts";
import { taskRegistryAbi } from "#protocol/contracts/abis";
import type { Address, Digest } from "#protocol/ids";
import { validateTerms } from "#protocol/rules/validateTerms";
import { termsToAbi } from "#protocol/terms/taskTerms";
import { termsFrom } from "#protocol/terms/termsSettings";

const TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3" as Address;
const CONTRACTS = { RoundCoordinator: TOKEN, StakeVault: TOKEN, RewardLedger: TOKEN };
const CONTEXT = { account: TOKEN, rewardDecimals: 18, stakeDecimals: 18, classes: 10 } as const;
const FILES = {
  manifest: { evaluation: { metric: "accuracy", negotiationSplit: "validation" } },
  manifestFile: { bytes: { length: 1000 }, digest: `0x${"1".repeat(64)}` as Digest },
  initialModel: { digest: `0x${"2".repeat(64)}` as Digest },
  maxArtifactBytes: 50_000,
} as const;
const NOW = 1_800_000_000;
const NAMED: Draft = { ...NEW_DRAFT, name: "t", rewardToken: TOKEN, stakeToken: TOKEN };
/** Data and model stay as they are; whether they fit each other is tested elsewhere. */
const STEADY = new Set<string>(["name", "description", ...STEPS[0][1], "privacy", "noiseBy"]);
const FIELDS = STEPS.flatMap(([, fields]) => [...fields]).filter((field) => !STEADY.has(field));

/** What people type, by chance and by habit. */
const typed = fc.oneof(
  fc.integer({ min: 0, max: 200 }).map(String),
  fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value.toFixed(3)),
  fc.nat().map(String),
  fc.constantFrom(
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "1e400",
    "NaN",
    "0x10",
    "1,5",
    " 7 ",
    "999999999999999999999",
    TOKEN,
  ),
  fc.string({ maxLength: 8 }),
);
const change = fc.constantFrom(...FIELDS).chain((field) => {
  const choices = choicesIn(field);
  const held = typed.map((text) => typedText(field as FieldTerm, text));
  return (choices === undefined ? held : fc.constantFrom(...choices)).map((value) => [field, value] as const);
});
const draft = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((changes): Draft => ({ ...NAMED, ...Object.fromEntries(changes) }));

describe("whatever is typed into the wizard", function () {
  // Fifteen hundred drafts, on machines that are busy.
  this.timeout(30_000);
  it("either has a fault beside its field, or is refused in a step with a sentence, or can be published", () => {
    const seen = { faulty: 0, refused: 0, publishable: 0 };
    fc.assert(
      fc.property(draft, (any) => {
        const faults = draftFaults(any, { reward: 18, stake: 18 });
        if (Object.keys(faults).length > 0) {
          seen.faulty++;
          for (const [field, words] of Object.entries(faults)) expect(words, field).to.match(/^[A-Z]/);
          return;
        }
        const terms = termsFrom(draftTerms(any, CONTEXT), FILES, CONTRACTS, NOW);
        const refusal = validateTerms(terms, { now: NOW });
        if (refusal !== undefined) {
          seen.refused++;
          expect(FAULT_STEPS).to.have.property(refusal.error);
          expect(ERROR_WORDS[refusal.error]?.(refusal.args)).to.match(/^[A-Z].*\.$/);
          return;
        }
        seen.publishable++;
        const permit = { deadline: 0n, v: 0, r: zeroHash, s: zeroHash };
        const args = [termsToAbi(terms), permit] as never;
        encodeFunctionData({ abi: taskRegistryAbi, functionName: "publish", args });
      }),
      { numRuns: 1500, seed: 4 },
    );
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).to.be.above(20);
  });
});
