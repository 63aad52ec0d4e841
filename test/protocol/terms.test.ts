import { expect } from "chai";
import { compressionSchema } from "#protocol/manifest/compressionTerms";
import { DATASET_NAMES } from "#protocol/manifest/datasetTerms";
import * as enums from "#protocol/contracts/enums";
import { checkManifest } from "#protocol/manifest/manifest";
import type { TaskManifest } from "#protocol/manifest/manifest";
import { privacySchema } from "#protocol/manifest/privacyTerms";
import { AGGREGATION_RULES } from "#protocol/rules/aggregationRule";
import { CONTRACT_TERMS } from "#protocol/terms/contractTerms";
import { MANIFEST_TERMS } from "#protocol/terms/manifestTerms";
import { isWithin, readTerm } from "#protocol/terms/readTerm";
import type { NumericTerm, Term } from "#protocol/terms/term";
import { TERM_ERROR_WORDS } from "#protocol/terms/termErrors";
import { termRows } from "#protocol/terms/termRows";
import { TERM_NAMES, choicesOf, termOf } from "#protocol/terms/terms";
import { taskRegistryAbi } from "#protocol/contracts/abis";
import { validTerms } from "./rules/termsFixture.ts";

const NUMERIC = ["count", "seconds", "moment", "ratio", "score", "number"];
const isNumeric = (term: Term): term is NumericTerm => NUMERIC.includes(term.kind);

/** A manifest that has every field which a term fills. */
const MANIFEST: TaskManifest = {
  format: "concordat/manifest/1",
  name: "costs",
  description: "",
  model: { topology: { class_name: "Sequential" }, tensors: [{ name: "kernel", shape: [784, 1] }] },
  dataset: {
    name: "csv",
    inputShape: [1],
    classes: 1,
    mean: [0],
    std: [1],
    columns: [{ kind: "numeric", name: "age" }],
    target: { kind: "number", name: "cost", offset: 0, scale: 1 },
  },
  training: { optimiser: "sgd", learningRate: 0.01, momentum: 0.9, localEpochs: 1, batchSize: 10, seed: 1 },
  evaluation: { metric: "mae", scale: 1000, negotiationSplit: "validation" },
  privacy: { kind: "dp-sgd", clip: 1, noiseMultiplier: 1, delta: 1e-6 },
  compression: { kind: "top-k", keepBps: 100 },
};
const NOMINAL: TaskManifest["privacy"] = { kind: "laplace-gradient", clip: 1, epsilon: 8, delta: 1e-6 };

/** The manifest with another value in one of its fields. */
function withField(path: string, value: unknown): unknown {
  const copy = structuredClone({ ...MANIFEST, ...(path === "privacy.epsilon" && { privacy: NOMINAL }) });
  const [last = "", ...parents] = path.split(".").toReversed();
  let at: Record<string, unknown> = copy;
  for (const key of parents.toReversed()) at = at[key] as Record<string, unknown>;
  expect(at, path).to.have.property(last);
  at[last] = value;
  return copy;
}

const isTaken = (manifest: unknown): boolean => {
  try {
    checkManifest(manifest);
    return true;
  } catch {
    return false;
  }
};

describe("the table of terms", () => {
  it("names each term once", () => {
    expect(TERM_NAMES).to.have.lengthOf(
      Object.keys(CONTRACT_TERMS).length + Object.keys(MANIFEST_TERMS).length,
    );
    const labels = TERM_NAMES.map((name) => termOf(name).label);
    expect(new Set(labels).size).to.equal(labels.length);
    const flags = TERM_NAMES.flatMap((name) => termOf(name).option?.flags.split(" ")[0] ?? []);
    expect(new Set(flags).size).to.equal(flags.length);
  });

  it("has exactly the contract's terms, and its errors", () => {
    const publish = taskRegistryAbi.find(({ type, name }) => type === "function" && name === "publish");
    const struct = (publish as { inputs: { components: { name: string }[] }[] } | undefined)?.inputs[0];
    const fields = struct?.components.map(({ name }) => name);
    expect(fields).to.have.members(Object.keys(CONTRACT_TERMS));
    const errors = taskRegistryAbi.flatMap((entry) => (entry.type === "error" ? [entry.name] : []));
    for (const term of Object.values<Term>(CONTRACT_TERMS))
      expect(errors, term.label).to.include.members([...(term.errors ?? [])]);
    for (const [error, words] of Object.entries(TERM_ERROR_WORDS)) {
      expect(errors).to.include(error);
      expect(words([1, 2, 3]), error).to.match(/^[A-Z].*\.$/);
    }
  });

  it("has the choices of contract and manifest", () => {
    const numbered = [
      [CONTRACT_TERMS.strategy, enums.Strategy],
      [CONTRACT_TERMS.trainingBase, enums.TrainingBase],
      [CONTRACT_TERMS.alphaGrid, enums.AlphaGrid],
      [CONTRACT_TERMS.electionMode, enums.ElectionMode],
      [CONTRACT_TERMS.aggregationRule, enums.AggregationRule],
      [CONTRACT_TERMS.scoreKind, enums.ScoreKind],
    ] as const;
    for (const [{ label, choices }, numbers] of numbered) {
      const ids = Object.values<{ readonly id: number }>(choices).map(({ id }) => id);
      expect(ids, label).to.have.members(Object.values(numbers));
    }
    expect(choicesOf("aggregationRule")).to.deep.equal(AGGREGATION_RULES);
    expect(choicesOf("dataset")).to.deep.equal(DATASET_NAMES);
    const kinds = [
      [choicesOf("privacy"), privacySchema],
      [choicesOf("compression"), compressionSchema],
    ] as const;
    for (const [choices, schema] of kinds)
      expect(choices).to.have.members(schema.options.map(({ shape }) => shape.kind.value));
  });

  it("has the manifest's fields, and its bounds", () => {
    expect(() => checkManifest(MANIFEST)).to.not.throw();
    const bounded = Object.values<Term & { readonly fills?: string }>(MANIFEST_TERMS).filter(isNumeric);
    const filled = bounded.flatMap((term) =>
      "fills" in term ? [[term, term.fills as string] as const] : [],
    );
    expect(filled).to.have.lengthOf(11);
    for (const [term, path] of filled) {
      const { least, most, above, below } = { above: undefined, below: undefined, ...term };
      const step = term.kind === "number" ? 1e-6 : 1;
      const values = [least, most, above, below].flatMap((bound) =>
        bound === undefined ? [] : [bound - step, bound, bound + step],
      );
      expect(values.length, path).to.be.at.least(6);
      for (const value of values)
        expect(isTaken(withField(path, value)), `${path} ${value}`).to.equal(isWithin(term, value));
    }
  });

  it("begins with values that it allows", () => {
    for (const name of TERM_NAMES) {
      const term = termOf(name);
      expect(term.sentence, name).to.match(/^[A-Z].*\.$/);
      for (const text of [term.option?.byDefault, term.field?.byDefault]) {
        if (text === undefined || text === "") continue;
        if (isNumeric(term)) expect(readTerm(term, text).fault, name).to.equal(undefined);
        if (term.kind === "choice") expect(Object.keys(term.choices), name).to.include(text);
      }
    }
  });

  it("reads times, shares and numbers as people type them, and asks for what it cannot read", () => {
    const { timeLimit, trainingSeconds, quorumBps, rounds } = CONTRACT_TERMS;
    const { learningRate } = MANIFEST_TERMS;
    for (const [text, seconds] of [
      ["90", 90],
      ["90s", 90],
      ["1.5m", 90],
      ["2h", 7200],
      ["7d", 604_800],
    ] as const)
      expect(readTerm(timeLimit, text).value, text).to.equal(seconds);
    for (const [text, bps] of [
      ["0.67", 6700],
      ["67%", 6700],
      ["0.25%", 25],
      ["1", 10_000],
    ] as const)
      expect(readTerm(quorumBps, text).value, text).to.equal(bps);
    expect(readTerm(learningRate, "1e-3").value).to.equal(0.001);
    expect(readTerm(trainingSeconds, "31d").fault).to.equal(
      "Give a length of time like 90s, 15m, 2h or 7d, from 1 second to 30 days",
    );
    expect(readTerm(trainingSeconds, "soonm", "minutes").fault).to.match(/^Give a number of minutes/);
    expect(readTerm(quorumBps, "67.5").fault).to.match(/^Give a ratio/);
    expect(readTerm(quorumBps, "101%", "percent").fault).to.match(/^Give a number from 0.01 to 100/);
    for (const text of ["", "0", "1.5", "-1", "1e3", "100001"])
      expect(readTerm(rounds, text).fault, text).to.equal("Give a whole number from 1 to 100,000");
  });

  it("leaves out of a task's terms what does not matter in it", () => {
    const format = {
      number: String,
      duration: String,
      moment: String,
      percent: String,
      ratio: String,
      bytes: String,
      amount: String,
    };
    const terms = validTerms(1_800_000_000);
    const free = termRows(terms, format).map(({ name }) => name);
    expect(free.filter((name) => name.endsWith("Token"))).to.deep.equal([]);
    const paid = termRows({ ...terms, rewardUnit: 1n, minStake: 1n }, format).map(({ name }) => name);
    expect(paid).to.have.members(Object.keys(CONTRACT_TERMS));
    const error = { ...terms, scoreKind: enums.ScoreKind.Error, maxScore: 0xffff, targetScore: 150 };
    const ends = termRows(error, format).find(({ name }) => name === "targetScore");
    expect(ends).to.include({ label: MANIFEST_TERMS.targetError.label, value: "150" });
  });
});
