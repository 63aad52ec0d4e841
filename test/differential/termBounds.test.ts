import { expect } from "chai";
import { Interface, isError } from "ethers";
import { network } from "hardhat";
import { taskRegistryAbi } from "#protocol/contracts/abis";
import { AggregationRule, ScoreKind } from "#protocol/contracts/enums";
import { validateTerms } from "#protocol/rules/validateTerms";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import { termsToAbi } from "#protocol/terms/taskTerms";
import { CONTRACT_TERMS } from "#protocol/terms/contractTerms";
import type { ContractTermName } from "#protocol/terms/contractTerms";
import type { Term } from "#protocol/terms/term";
import { deployFederation, digestOf } from "../contracts/federation.ts";
import type { Federation } from "../contracts/federation.ts";
import { validTerms } from "../protocol/rules/termsFixture.ts";

const registry = new Interface(taskRegistryAbi);
const DAY = 86_400;
const PHASE = CONTRACT_TERMS.aggregationSeconds.most;

/** What the other terms must be, so that the term's own bounds alone decide. */
function others(name: ContractTermName, value: number, now: number): Partial<TaskTerms> {
  switch (name) {
    case "minNodes":
      return { maxNodes: 1024 };
    case "maxNodes":
      return { minNodes: 1 };
    case "startTime":
      return { timeLimit: now + CONTRACT_TERMS.timeLimit.most };
    case "timeLimit":
      return { startTime: 0 };
    case "aggregationSeconds":
      // No aggregation of a second has room for a second to fetch and one to sign.
      return { fetchSeconds: 1, objectionSeconds: 0, slotSeconds: 1 };
    case "fetchSeconds":
      return { objectionSeconds: 0, aggregationSeconds: PHASE };
    case "objectionSeconds":
      return { fetchSeconds: 1, aggregationSeconds: PHASE };
    case "slotSeconds":
      return { aggregationSeconds: PHASE };
    case "alphaLowerBps":
      return { alphaUpperBps: CONTRACT_TERMS.alphaUpperBps.most, negotiationSteps: 1 } as Partial<TaskTerms>;
    case "alphaUpperBps":
      return { alphaLowerBps: 0, negotiationSteps: 1 } as Partial<TaskTerms>;
    case "byzantineBound":
      return { aggregationRule: AggregationRule.Median };
    case "maxScore":
      return { scoreKind: ScoreKind.Error };
    case "targetScore":
      return { scoreKind: ScoreKind.Error, maxScore: CONTRACT_TERMS.maxScore.most };
    case "reputationInitial":
      return { reputationMax: CONTRACT_TERMS.reputationMax.most };
    case "reputationMax":
      return { reputationInitial: Math.min(value, 1) };
    default:
      return {};
  }
}

/** The least value that the contract can take, where its own bound is another than the table's. */
function leastTaken(name: ContractTermName, least: number, now: number): number {
  // A second of aggregation is within its bounds, but has no room for one to fetch and one to sign.
  if (name === "aggregationSeconds") return 2;
  // People ask for a start after publication; the contract takes a start that has passed.
  if (name === "startTime") return -now;
  return least;
}

const BOUNDED = Object.entries<Term>(CONTRACT_TERMS).flatMap(([name, term]) =>
  "least" in term && "most" in term && typeof term.most === "number" && typeof term.least === "number"
    ? [{ name: name as ContractTermName, kind: term.kind, least: term.least, most: term.most }]
    : [],
);

describe("the bounds in the table of terms are the contract's", () => {
  let federation: Federation;
  let now: number;
  before(async () => {
    federation = await deployFederation(await network.create(), { nodes: 4, unbondingPeriod: 364 * DAY });
    now = await federation.now();
  });

  /** What the contract says: nothing, the name of its error, or that its struct has no room for the value. */
  async function contractSays(terms: TaskTerms): Promise<string | undefined> {
    const permit = { deadline: 0, v: 0, r: digestOf("r"), s: digestOf("s") };
    try {
      await federation.contracts.taskRegistry.publish.staticCall(termsToAbi(terms), permit, {
        blockTag: "latest",
      });
      return undefined;
    } catch (error) {
      if (isError(error, "INVALID_ARGUMENT")) return "no room";
      const data = isError(error, "CALL_EXCEPTION") ? error.data : (error as { data?: string }).data;
      const fault = registry.parseError(data ?? "0x");
      if (fault === null) throw error;
      return fault.name;
    }
  }

  for (const { name, kind, least, most } of BOUNDED) {
    it(`of ${name}: one below, at and one above each`, async () => {
      const first = leastTaken(name, least, now);
      for (const [value, isValid] of [
        [first - 1, false],
        [first, true],
        [first + 1, true],
        [most - 1, true],
        [most, true],
        [most + 1, false],
      ] as const) {
        const shown = kind === "moment" ? now + value : value;
        const terms = { ...validTerms(now), ...others(name, value, now), [name]: shown } as TaskTerms;
        const said = await contractSays(terms);
        const fault = validateTerms(terms, { now })?.error;
        expect(said === undefined, `${name} ${value}: the contract says ${said}`).to.equal(isValid);
        if (said !== "no room") expect(fault, `${name} ${value}`).to.equal(said);
        if (said !== undefined && said !== "no room")
          expect(CONTRACT_TERMS[name], `${name} ${value}`).to.have.property("errors").that.includes(said);
      }
    });
  }

  it("of every amount: what its 128 bits hold", () => {
    const amounts = Object.entries<Term>(CONTRACT_TERMS).flatMap(([name, term]) =>
      term.kind === "amount" ? [[name, term.most] as const] : [],
    );
    expect(amounts).to.have.lengthOf(3);
    const encode = (name: string, value: bigint): string =>
      registry.encodeFunctionData("escrowFor", [termsToAbi({ ...validTerms(now), [name]: value })]);
    for (const [name, most] of amounts) {
      expect(encode(name, most), name).to.match(/^0x/);
      expect(() => encode(name, most + 1n), name).to.throw(/out-of-bounds/);
    }
  });
});
