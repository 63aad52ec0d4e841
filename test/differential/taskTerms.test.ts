import { expect } from "chai";
import type { ErrorDescription } from "ethers";
import { Interface, ZeroAddress, isError } from "ethers";
import * as fc from "fast-check";
import { network } from "hardhat";
import { taskRegistryAbi } from "#protocol/contracts/abis";
import type { Address, Bps } from "#protocol/ids";
import { ZERO_DIGEST } from "#protocol/ids";
import { validateTerms } from "#protocol/rules/validateTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { termsToAbi } from "#protocol/terms/taskTerms";
import type { HarnessRules } from "#chain/typechain/test/HarnessRules";
import { validTerms } from "../protocol/rules/termsFixture.ts";

const DAY = 86_400;
const registry = new Interface(taskRegistryAbi);

/** Values at and beyond each bound. */
function changes(now: number, token: Address): { [K in keyof TaskTerms]?: readonly TaskTerms[K][] } {
  const account = [ZeroAddress as Address, token, `0x${"11".repeat(20)}` as Address];
  const ratio = [0, 1, 9999, 10_000, 10_001, 65_535].map((value) => value as Bps);
  const seconds = [0, 1, 100, 300, 30 * DAY, 30 * DAY + 1];
  return {
    manifestDigest: [ZERO_DIGEST],
    initialModelDigest: [ZERO_DIGEST],
    maxArtifactBytes: [0, 1023, 1024, 2 ** 31 - 1, 2 ** 31],
    coordinator: account,
    arbiter: account,
    stakeVault: account,
    rewardLedger: account,
    minNodes: [0, 1, 5, 10, 11, 1024],
    maxNodes: [0, 1, 4, 1024, 1025],
    stakeToken: account,
    minStake: [0n, 1n],
    startTime: [0, now + DAY - 1, now + DAY],
    timeLimit: [0, now - DAY, now + 3649 * DAY, now + 3651 * DAY],
    trainingSeconds: seconds,
    fetchSeconds: seconds,
    objectionSeconds: seconds,
    aggregationSeconds: seconds,
    negotiationSeconds: seconds,
    slotSeconds: seconds,
    disputeWindowSeconds: [0, 365 * DAY, 365 * DAY + 1],
    maxAttempts: [0, 1, 64, 65],
    maxVoidRounds: [0, 1, 255],
    rounds: [0, 1, 100_000, 100_001],
    negotiationSteps: [0, 1, 16, 17],
    alphaLowerBps: ratio,
    alphaUpperBps: ratio,
    initialAlphaBps: ratio,
    gammaBps: ratio,
    quorumBps: ratio,
    aggregationRule: [0, 1, 2, 3, 4],
    byzantineBound: [0, 1, 2, 500],
    maxSamples: [0, 1],
    scoreKind: [0, 1],
    maxScore: [0, 1, 10_000, 65_535],
    targetScore: [0, 1, 10_000, 65_535],
    reputationInitial: [0, 100, 101, 1_000_001],
    reputationMax: [0, 1, 1_000_000, 1_000_001],
    rewardToken: account,
    rewardUnit: [0n, 1n],
    slashRecipient: account,
    slashBounty: [0n, 1n],
  };
}

describe("Solidity and TypeScript refuse the same terms", () => {
  let rules: HarnessRules;
  let now: number;
  let token: Address;
  before(async () => {
    const { ethers } = await network.create();
    const harness = await ethers.deployContract("HarnessRules");
    rules = harness as unknown as HarnessRules;
    token = (await harness.getAddress()) as Address;
    now = (await ethers.provider.getBlock("latest"))?.timestamp ?? 0;
  });

  async function contractFault(terms: TaskTerms): Promise<{ error: string; args: string[] } | undefined> {
    try {
      await rules.validate(termsToAbi(terms));
      return undefined;
    } catch (error) {
      const fault = faultIn(error);
      return { error: fault.name, args: [...fault.args].map(String) };
    }
  }

  function protocolFault(terms: TaskTerms): { error: string; args: string[] } | undefined {
    const fault = validateTerms(terms, { now, isContract: (account) => account === token });
    return fault && { error: fault.error, args: fault.args.map(String) };
  }

  it("at every bound of every term, with the same error and values", async () => {
    const seen = new Set<string>();
    for (const [field, values] of Object.entries(changes(now, token))) {
      for (const value of values) {
        const terms = { ...validTerms(now), [field]: value };
        const found = await contractFault(terms);
        expect(protocolFault(terms), `${field} = ${value}`).to.deep.equal(found);
        if (found !== undefined) seen.add(found.error);
      }
    }
    expect(seen.size).to.be.at.least(28);
  });

  it("the first of several bad ones first", async () => {
    const options = changes(now, token);
    const several = fc.uniqueArray(fc.constantFrom(...Object.keys(options)), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(several, fc.nat(1000), async (fields, pick) => {
        let terms = validTerms(now);
        for (const field of fields) {
          const values: readonly unknown[] = options[field as keyof TaskTerms] ?? [];
          terms = { ...terms, [field]: values[pick % values.length] };
        }
        expect(protocolFault(terms)).to.deep.equal(await contractFault(terms));
      }),
      { numRuns: 150 },
    );
  });
});

/** The registry's error in a failed call. */
function faultIn(error: unknown): ErrorDescription {
  const data = isError(error, "CALL_EXCEPTION") ? error.data : (error as { data?: string }).data;
  const fault = registry.parseError(data ?? "0x");
  if (fault === null) throw error;
  return fault;
}
