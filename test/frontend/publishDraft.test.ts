import { expect } from "chai";
import { Command } from "commander";
import { parseEther } from "ethers";
import { NEW_DRAFT, parseDraft } from "#frontend/pages/publish/draft.ts";
import type { Draft, DraftFaults } from "#frontend/pages/publish/draft.ts";
import { draftFaults } from "#frontend/pages/publish/draftFaults.ts";
import { draftTerms } from "#frontend/pages/publish/draftTerms.ts";
import { PRESETS } from "#frontend/pages/publish/presets.ts";
import { FAULT_STEPS, STEPS } from "#frontend/pages/publish/steps.ts";
import { EMPTY_TABLE, parseTable, readSchemaFile, tableSchema } from "#frontend/pages/publish/tableDraft.ts";
import { buildTerms } from "#cli/publish/buildTerms";
import { publishOptions } from "#cli/publish/publishOptions";
import type { PublishOptions } from "#cli/publish/publishOptions";
import type { Address, Digest } from "#protocol/ids";
import { escrowOf } from "#protocol/rules/rewardSchedule";
import { validateTerms } from "#protocol/rules/validateTerms";
import { termsFrom } from "#protocol/terms/termsSettings";
import type { TermsFiles } from "#protocol/terms/termsSettings";
import { ABIS } from "#protocol/events/contracts";

const TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3" as Address;
const ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266" as Address;
const CONTRACTS = { RoundCoordinator: TOKEN, StakeVault: TOKEN, RewardLedger: TOKEN };
const NOW = 1_800_000_000;
const FILES: TermsFiles = {
  manifest: { evaluation: { metric: "accuracy", negotiationSplit: "validation" } },
  manifestFile: { bytes: { length: 1000 }, digest: `0x${"1".repeat(64)}` as Digest },
  initialModel: { digest: `0x${"2".repeat(64)}` as Digest },
  maxArtifactBytes: 50_000,
};
const DECIMALS = { reward: 18, stake: 18 };
const CONTEXT = { account: ACCOUNT, rewardDecimals: 18, stakeDecimals: 18, classes: 10 };
const NAMED: Draft = { ...NEW_DRAFT, name: "t", rewardToken: TOKEN, stakeToken: TOKEN };

const faultsOf = (part: Partial<Draft>): DraftFaults => draftFaults({ ...NAMED, ...part }, DECIMALS);

describe("a draft of the wizard", () => {
  it("is without faults in every preset once it has a name, and the contract would take it", () => {
    for (const { name, draft } of PRESETS) {
      const named = { ...draft, name: "t", rewardToken: TOKEN, stakeToken: TOKEN };
      expect(draftFaults(named, DECIMALS), name).to.deep.equal({});
      const terms = termsFrom(draftTerms(named, CONTEXT), FILES, CONTRACTS, NOW);
      expect(validateTerms(terms, { now: NOW }), name).to.equal(undefined);
    }
  });

  it("gives the terms that the command line gives for the same choices", () => {
    const options = publishOptions(new Command())
      .parse(
        "--rounds 7 --min-nodes 6 --max-nodes 9 --strategy min-variance --base personalised --steps 12 --alpha-lower 0.1 --alpha-upper 0.9 --initial-alpha 0.25 --grid include-lower --target 0.975 --election model-hash --gamma 0.4 --quorum 0.85 --rule trimmedMean --f 1 --max-samples 5000 --start-in 90s --time-limit 36h --training 20m --aggregation 10m --fetch 3m --objection 90s --slot 1m --negotiation 4m --dispute 48h --attempts 4 --voids 2 --reputation 3 --reputation-max 50 --strict --penalise-silent".split(
          " ",
        ),
        { from: "user" },
      )
      .opts<PublishOptions>();
    const expected = buildTerms(
      {
        ...options,
        strictReputation: options.strictReputation ?? false,
        penaliseUnavailable: options.penaliseUnavailable ?? false,
        penaliseSilent: options.penaliseSilent ?? false,
        rewardToken: TOKEN,
        rewardUnit: parseEther("0.25"),
        stakeToken: TOKEN,
        minStake: parseEther("100"),
        slashBounty: parseEther("1.5"),
        arbiter: ACCOUNT,
        slashRecipient: ACCOUNT,
      },
      FILES,
      CONTRACTS,
      NOW,
    );
    const draft: Draft = {
      ...NAMED,
      rounds: "7",
      minNodes: "6",
      maxNodes: "9",
      strategy: "min-variance",
      trainingBase: "personalised",
      negotiationSteps: "12",
      alphaLowerBps: "0.1",
      alphaUpperBps: "0.9",
      initialAlphaBps: "0.25",
      alphaGrid: "include-lower",
      targetScore: "97.5%",
      electionMode: "model-hash",
      gammaBps: "40%",
      quorumBps: "85%",
      aggregationRule: "trimmedMean",
      byzantineBound: "1",
      maxSamples: "5000",
      startTime: "1.5m",
      timeLimit: "36h",
      trainingSeconds: "20m",
      aggregationSeconds: "10m",
      fetchSeconds: "3m",
      objectionSeconds: "1.5m",
      slotSeconds: "1m",
      negotiationSeconds: "4m",
      disputeWindowSeconds: "48h",
      maxAttempts: "4",
      maxVoidRounds: "2",
      reputationInitial: "3",
      reputationMax: "50",
      strictReputation: "yes",
      penaliseSilent: "yes",
      rewardUnit: "0.25",
      minStake: "100",
      slashBounty: "1.5",
    };
    const terms = termsFrom(draftTerms(draft, CONTEXT), FILES, CONTRACTS, NOW);
    expect(terms).to.deep.equal(expected);
    expect(validateTerms(terms, { now: NOW })).to.equal(undefined);
    expect(escrowOf(terms)).to.equal(escrowOf(expected));
  });

  it("divides the aggregation by itself where nothing is said", () => {
    const terms = draftTerms({ ...NAMED, aggregationSeconds: "2m" }, CONTEXT);
    expect([terms.fetchSeconds, terms.objectionSeconds, terms.slotSeconds]).to.deep.equal([42, 18, 18]);
  });

  it("of an older page, or of none, becomes one that can be gone on with", () => {
    const old = {
      name: "Mine",
      dataset: "mnist",
      electionMode: "mixed",
      gone: "x",
      rounds: 7,
      aggregationRule: "krum",
    };
    expect(parseDraft(JSON.stringify(old))).to.deep.equal({
      ...NEW_DRAFT,
      name: "Mine",
      dataset: "mnist",
      aggregationRule: "krum",
    });
    for (const text of ["", "no JSON", "null", "[]", "7", '{"__proto__":"x","constructor":"y"}']) {
      expect(parseDraft(text), text).to.deep.equal(NEW_DRAFT);
    }
    expect(parseTable('{"columns":7,"target":null}')).to.deep.equal(parseTable(EMPTY_TABLE));
    expect(parseTable('{"columns":[null],"target":{"name":9}}')).to.deep.equal(parseTable(EMPTY_TABLE));
  });

  it("has a fault beside the field where a number is none, or too large", () => {
    expect(faultsOf({ name: " " })).to.have.keys("name");
    expect(faultsOf({ description: "x".repeat(4001) })).to.have.keys("description");
    expect(faultsOf({ batchSize: "4097" }).batchSize).to.equal("Give a whole number from 1 to 4,096");
    expect(faultsOf({ learningRate: "0,01" })).to.have.keys("learningRate");
    expect(faultsOf({ learningRate: "11" }).learningRate).to.equal("Give a number above 0, at most 10");
    expect(faultsOf({ momentum: "1" })).to.have.keys("momentum");
    expect(faultsOf({ alphaUpperBps: "80" })).to.have.keys("alphaUpperBps");
    expect(faultsOf({ rounds: "1.5", maxAttempts: "", seed: "-1" })).to.have.keys(
      "rounds",
      "maxAttempts",
      "seed",
    );
    expect(faultsOf({ fetchSeconds: "soonm" })).to.have.keys("fetchSeconds");
    expect(faultsOf({ compression: "top-k", keepBps: "0%" })).to.have.keys("keepBps");
    expect(faultsOf({ compression: "quantised", keepBps: "0%" })).to.deep.equal({});
    expect(faultsOf({ rewardUnit: `0.${"0".repeat(18)}1` }).rewardUnit).to.equal(
      "At most 18 digits after the point",
    );
    expect(faultsOf({ rewardToken: "" })).to.have.keys("rewardToken");
    expect(faultsOf({ minStake: "1", stakeToken: "0x12" })).to.have.keys("stakeToken");
    expect(faultsOf({ arbiter: "me" })).to.have.keys("arbiter");
  });

  it("has a fault where data and model do not fit each other, or nothing is described", () => {
    expect(faultsOf({ dataset: "uci-har", model: "cnn" }).model).to.match(
      /cnn takes images .* Choose one of .*har-cnn/,
    );
    expect(faultsOf({ dataset: "image-folder", classNames: "cat" })).to.have.keys("classNames");
    expect(faultsOf({ dataset: "image-folder", classNames: "cat\ncat" }).classNames).to.equal(
      "a name appears twice",
    );
    expect(faultsOf({ dataset: "image-folder", classNames: "a\nb", height: "0" })).to.have.keys("height");
    expect(faultsOf({ dataset: "csv" }).table).to.equal(
      "Give column 1 the name that stands in the header line",
    );
    expect(faultsOf({ model: "file" }).model).to.equal("Choose the file with the model’s topology");
    expect(faultsOf({ model: "file", topology: "{", topologyName: "m.json" }).model).to.match(
      /The model file m.json is not JSON/,
    );
  });

  it("is refused privacy for the command line's reasons", () => {
    const dpSgd = { privacy: "dp-sgd", clip: "1", noiseMultiplier: "1", delta: "1e-6" } as const;
    expect(faultsOf(dpSgd)).to.deep.equal({});
    expect(faultsOf({ ...dpSgd, clip: "0" }).clip).to.match(/leaves nothing to learn from/);
    expect(faultsOf({ ...dpSgd, noiseMultiplier: "0" }).noiseMultiplier).to.match(/nothing is private/);
    expect(faultsOf({ ...dpSgd, delta: "1e-5" }).delta).to.match(/not below 1\/n for n = 100000 records/);
    expect(faultsOf({ ...dpSgd, delta: "0" }).delta).to.match(/must be above 0/);
    expect(faultsOf({ ...dpSgd, noiseBy: "budget", epsilon: "0" }).epsilon).to.match(/a budget of 0/);
    expect(faultsOf({ ...dpSgd, dataset: "cifar10", model: "resnet9" }).privacy).to.match(
      /batch norm.*GroupNormalization/,
    );
    expect(faultsOf({ ...dpSgd, records: "100001" })).to.have.keys("records");
    expect(faultsOf({ privacy: "laplace-gradient", epsilon: "0" }).epsilon).to.match(/a budget of 0/);
    expect(faultsOf({ privacy: "laplace-features", batchSize: "1" }).privacy).to.match(/batch size of 1/);
    expect(faultsOf({ privacy: "laplace-features", dataset: "uci-har", model: "har-cnn" }).privacy).to.match(
      /normalised by each node's own records/,
    );
    expect(faultsOf({ ...dpSgd, clip: "a lot" })).to.have.keys("clip");
  });

  it("asks for an error that ends the task where a number is predicted", () => {
    const table = readSchemaFile(
      '{"columns":[{"kind":"numeric","name":"age"}],"target":{"kind":"number","name":"cost","offset":0,"scale":2}}',
    );
    const regression = { dataset: "csv", table: JSON.stringify(table), maeScale: "500" } as const;
    expect(faultsOf({ ...regression, targetScore: "no matter" })).to.deep.equal({});
    expect(faultsOf({ ...regression, targetError: "132" })).to.have.keys("targetError");
    const draft = { ...NAMED, ...regression, targetError: "0.3" };
    expect(draftTerms(draft, { ...CONTEXT, classes: 1 }).targetScore).to.equal(150);
  });

  it("shows every fault of its fields, and every error of the contract that they can cause, in a step", () => {
    const shown = new Set<string>(STEPS.flatMap(([, fields]) => [...fields]));
    const unshown = Object.keys(NEW_DRAFT).filter((field) => !shown.has(field));
    expect(unshown).to.deep.equal(["topology", "topologyName"]);
    const ofTerms = ABIS.TaskRegistry.flatMap((entry) => (entry.type === "error" ? [entry.name] : [])).filter(
      (error) => /^Invalid|^Byzantine|^EscrowToo/.test(error),
    );
    const elsewhere = ofTerms.filter((error) => FAULT_STEPS[error] === undefined);
    // The score's kind and its greatest value follow from the data.
    expect(elsewhere).to.deep.equal(["InvalidMaxScore"]);
  });
});

describe("a table that is being described", () => {
  it("becomes the schema that it came from", () => {
    const schema = {
      columns: [
        { kind: "numeric", name: "age" },
        { kind: "category", name: "town", values: ["A, B", "C: D"] },
      ],
      target: { kind: "class", name: "ill", values: ["no", "yes"] },
    };
    const table = readSchemaFile(JSON.stringify(schema));
    if (typeof table === "string") throw new Error(table);
    expect(tableSchema(parseTable(JSON.stringify(table)))).to.deep.equal(schema);
  });

  it("is told what is missing, and which file is none", () => {
    const table = parseTable(EMPTY_TABLE);
    const named = { ...table, columns: [{ kind: "category", name: "sex", values: "f" } as const] };
    expect(tableSchema({ ...table, columns: [] })).to.match(/at least one column/);
    expect(tableSchema({ ...named, target: { ...table.target, name: "ill" } })).to.match(
      /two values of “sex”/,
    );
    expect(
      tableSchema({
        ...table,
        columns: [{ kind: "numeric", name: "a", values: "" }],
        target: { ...table.target, kind: "number", name: "b", scale: "0" },
      }),
    ).to.match(/scale as a number above 0/);
    expect(readSchemaFile("columns")).to.equal("The file is not JSON");
    expect(readSchemaFile('{"columns": []}')).to.match(/does not describe a table: columns/);
  });
});
