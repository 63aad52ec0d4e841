import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { decode, encode } from "fast-png";
import { ScoreKind } from "#protocol/contracts/enums";
import { InputError } from "#protocol/errors";
import type { Address, Bps } from "#protocol/ids";
import { encodeManifest } from "#protocol/manifest/manifest";
import { progressLine } from "#cli/data/progressBar";
import { buildTask } from "#learning/tasks/buildTask";
import { buildTerms } from "#cli/publish/buildTerms";
import { DATASET_DEFAULTS } from "#learning/data/datasetDefaults";
import type { TermsSettings } from "#protocol/terms/termsSettings";
import { publishedData } from "#cli/publish/publishedData";
import { OFFICIAL_TERMS } from "#learning/data/officialTerms";
import { digits } from "#learning/data/digits";
import { partition } from "#learning/partition/partition";
import { readPartition } from "#learning/data/partitionFile";
import { concordat, temporaryFolder } from "./concordat.ts";

describe("concordat data", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder.path, name);

  it("list names every dataset", async () => {
    const { code, stdout } = await concordat("data", "list", "--json");
    expect(code).to.equal(0);
    const names = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    expect(names).to.deep.equal(Object.keys(DATASET_DEFAULTS));
  });

  it("describe tells classes, counts and ranges, and writes a sheet with a row of pictures for each class", async () => {
    const { code, stdout } = await concordat("data", "describe", "digits", "--json", "--sheet", at("s.png"));
    expect(code).to.equal(0);
    const described = JSON.parse(stdout) as {
      classes: unknown[];
      channels: { least: number; greatest: number }[];
    };
    expect(described.classes[3]).to.deep.equal({ name: "3", train: 600, test: 100 });
    expect(described.channels.map(({ least, greatest }) => [least, greatest])).to.deep.equal([[0, 255]]);
    const { width, height, channels, data } = decode(readFileSync(at("s.png")));
    expect([width, height, channels]).to.deep.equal([12 * 18 + 2, 10 * 18 + 2, 1]);
    const { features, labels } = digits().train;
    const first = labels.indexOf(7);
    const shown = Array.from({ length: 16 }, (_, i) => data[(2 + 7 * 18 + 5) * width + 2 + i]);
    expect(shown).to.deep.equal([...features.subarray(first * 256 + 5 * 16, first * 256 + 6 * 16)]);
  });

  it("describe says of a table what its columns range over, and that it has no pictures", async () => {
    writeFileSync(at("schema.json"), SCHEMA);
    writeFileSync(at("train.csv"), TABLE);
    writeFileSync(at("test.csv"), TABLE);
    const { code, stdout } = await concordat("data", "describe", "csv", "--dir", folder.path);
    expect(code).to.equal(0);
    expect(stdout).to.match(/age +20 +50 +35 +11\.18/);
    expect(stdout).to.match(/sex = m +0 +1 /);
    expect(stdout).to.match(/\(to predict\) +-1 +2 /);
    expect(stdout).to.contain("No pictures");
    const refused = await concordat("data", "describe", "csv", "--dir", folder.path, "--sheet", at("x.png"));
    expect(refused.code).to.equal(2);
  });

  it("partition writes an index file whose digest nodes check, once", async () => {
    const args = ["data", "partition", "digits", "--nodes", "4", "--kind", "dirichlet", "--alpha", "0.3"];
    const { code, stdout } = await concordat(...args, "--out", at("i.json"), "--json");
    expect(code).to.equal(0);
    const { digest } = JSON.parse(stdout) as { digest: string };
    const expected = partition({ dataset: digits(), kind: "dirichlet", nodes: 4, seed: 1, alpha: 0.3 });
    expect(await readPartition(at("i.json"), digits(), digest)).to.deep.equal(expected);
    const again = await concordat(...args, "--out", at("i.json"));
    expect([again.code, again.stderr.includes("already exists")]).to.deep.equal([2, true]);
  });

  it("partition prints the true share of foreign records in each skewed test", async () => {
    const { stdout } = await concordat("data", "partition", "digits", "--nodes", "1", "--out", at("i.json"));
    expect(stdout).to.match(/600 +200 +200 +5\.7 % +13\.0 % +17\.4 % +23\.1 %/);
  });

  it("partition names the option that a kind lacks or does not have", async () => {
    const refusal = async (...more: string[]) => {
      const outcome = await concordat(
        "data",
        "partition",
        "digits",
        "--nodes",
        "4",
        "--out",
        at("x"),
        ...more,
      );
      expect([outcome.code, existsSync(at("x"))]).to.deep.equal([2, false]);
      return outcome.stderr;
    };
    expect(await refusal("--kind", "dirichlet")).to.contain("--kind dirichlet needs --alpha");
    expect(await refusal("--kind", "iid", "--train-per-class", "3")).to.contain(
      "--train-per-class has no meaning",
    );
    expect(await refusal("--kind", "subjects")).to.contain("whose records");
  });

  it("fetch knows only what can be fetched", async () => {
    const { code, stderr } = await concordat("data", "fetch", "digits");
    expect([code, stderr.includes("fashion-mnist")]).to.deep.equal([2, true]);
  });
});

const SCHEMA = JSON.stringify({
  columns: [
    { kind: "numeric", name: "age" },
    { kind: "category", name: "sex", values: ["f", "m"] },
  ],
  target: { kind: "number", name: "cost", offset: 100, scale: 50 },
});
const TABLE = "age,sex,cost\n20,f,50\n30,m,100\n40,f,150\n50,m,200\n";

describe("publishing a task", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const address = `0x${"11".repeat(20)}` as Address;
  const contracts = { RoundCoordinator: address, StakeVault: address, RewardLedger: address };
  const settings: TermsSettings = {
    rounds: 2,
    minNodes: 3,
    maxNodes: 5,
    strategy: "argmax-mean",
    trainingBase: "global",
    electionMode: "model-hash",
    alphaGrid: "include-upper",
    negotiationSteps: 4,
    alphaLowerBps: 5000 as Bps,
    alphaUpperBps: 8000 as Bps,
    initialAlphaBps: 5000 as Bps,
    gammaBps: 3000 as Bps,
    quorumBps: 6700 as Bps,
    aggregationRule: "fedavg",
    byzantineBound: 0,
    maxSamples: 100,
    targetScore: 70,
    startTime: 1,
    timeLimit: 1000,
    trainingSeconds: 60,
    fetchSeconds: 10,
    objectionSeconds: 10,
    aggregationSeconds: 60,
    negotiationSeconds: 60,
    slotSeconds: 10,
    disputeWindowSeconds: 60,
    maxAttempts: 3,
    maxVoidRounds: 3,
    reputationInitial: 5,
    reputationMax: 100,
    strictReputation: false,
    penaliseUnavailable: false,
    penaliseSilent: false,
    rewardUnit: 0n,
    minStake: 0n,
    arbiter: address,
    slashRecipient: address,
    slashBounty: 0n,
  };
  const learning = { name: "t", description: "", seed: 1, maeScale: 500 };

  it("on every official dataset needs no data, and its model fits", async () => {
    for (const name of Object.keys(OFFICIAL_TERMS) as (keyof typeof OFFICIAL_TERMS)[]) {
      const { manifest } = await buildTask({ ...learning, dataset: await publishedData({ dataset: name }) });
      expect(manifest.dataset).to.deep.equal(OFFICIAL_TERMS[name]);
      expect(encodeManifest(manifest).length).to.be.greaterThan(0);
    }
  });

  it("on a table with a number to predict makes scores of errors", async () => {
    writeFileSync(join(folder.path, "schema.json"), SCHEMA);
    for (const name of ["train.csv", "test.csv"]) writeFileSync(join(folder.path, name), TABLE);
    const dataset = await publishedData({ dataset: "csv", data: folder.path });
    const files = await buildTask({ ...learning, dataset });
    expect(files.manifest.evaluation).to.deep.equal({
      metric: "mae",
      scale: 500,
      negotiationSplit: "validation",
    });
    expect(files.manifest.model.tensors.at(-1)?.shape).to.deep.equal([1]);
    const terms = buildTerms(settings, files, contracts, 0);
    expect([terms.scoreKind, terms.maxScore, terms.targetScore]).to.deep.equal([ScoreKind.Error, 65_535, 70]);
  });

  it("on pictures takes shape and classes from an example folder", async () => {
    const missing = await publishedData({ dataset: "image-folder" }).catch((error: unknown) => error);
    expect(missing).to.be.instanceOf(InputError);
    for (const label of ["cat", "dog"]) mkdirSync(join(folder.path, label));
    writeFileSync(join(folder.path, "schema.json"), '{"inputShape": [12, 12, 1]}');
    const empty = await publishedData({ dataset: "image-folder", data: folder.path }).catch(
      (error: unknown) => error,
    );
    expect((empty as InputError).message).to.include("cat has no pictures");
    const picture = encode({ width: 1, height: 1, channels: 1, data: Uint8Array.of(7) });
    for (const label of ["cat", "dog"]) writeFileSync(join(folder.path, label, "example.png"), picture);
    const dataset = await publishedData({ dataset: "image-folder", data: folder.path });
    const { manifest } = await buildTask({ ...learning, dataset });
    expect(manifest.dataset).to.deep.include({ inputShape: [12, 12, 1], classNames: ["cat", "dog"] });
    expect(buildTerms(settings, await buildTask({ ...learning, dataset }), contracts, 0).maxScore).to.equal(
      10_000,
    );
  });
});

describe("the progress of a download", () => {
  it("is a bar where the size is known, and a count where not", () => {
    expect(progressLine("a.gz", 5e6, 10e6)).to.equal(
      `a.gz  [${"#".repeat(15)}${"-".repeat(15)}] 50 %  5.0 of 10.0 MB`,
    );
    expect(progressLine("a.gz", 5e6, undefined)).to.equal("a.gz  5.0 MB");
  });
});
