import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { encode } from "fast-png";
import { pino } from "pino";
import { ScoreKind } from "#protocol/contracts/enums";
import { InputError } from "#protocol/errors";
import type { DatasetTerms } from "#protocol/manifest/datasetTerms";
import { datasetTerms } from "#learning/data/dataset";
import { loadDataset } from "#learning/data/loadDataset";
import { digits } from "#learning/data/digits";
import { partition, partitionNode } from "#learning/partition/partition";
import { encodePartition } from "#learning/data/partitionFile";
import type { PartitionSpec } from "#learning/partition/scheme";
import { batchMaker, type Samples } from "#learning/data/samples";
import { checkScores } from "#node/rounds/checkScores";
import { loadOwnDataset } from "#node/tasks/loadOwnDataset";
import { type NodeConfig, parseNodeConfig } from "#node/setup/nodeConfig";
import { type TaskData } from "#node/tasks/taskData";
import { openTaskData } from "#node/tasks/openTaskData";
import { dataFolder, inputError } from "../learning/dataFolder.ts";

interface LogLine {
  readonly msg: string;
  readonly came?: number;
  readonly gone?: number;
  readonly samples?: number;
  readonly dataset?: string;
  readonly reason?: string;
  readonly drawn?: number;
}

function logged(): { logger: pino.Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, logger: pino({}, { write: (line: string) => lines.push(JSON.parse(line) as LogLine) }) };
}

const config = (dataset: unknown): NodeConfig["dataset"] =>
  parseNodeConfig({
    rpcUrl: "http://127.0.0.1:8545",
    addressBook: "a.json",
    dataDir: "data",
    keystore: "k.json",
    dataset,
  }).dataset;

describe("A node's share of a dataset", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const dataset = digits();
  const open = (share: unknown, maxSamples = 10_000) =>
    openTaskData({
      terms: datasetTerms(dataset),
      dataset,
      config: config({ partition: share }),
      maxSamples,
      dir: folder.path,
      logger: logged().logger,
    });

  it("is its part of the partition, or a draw of what the terms allow from all its classes", async () => {
    const spec = { seed: 3, nodes: 4, trainPerClass: 20 };
    const part = partitionNode({ dataset, ...spec }, 2);
    expect((await open({ ...spec, index: 2 })).train.indices).to.deep.equal(part.train);
    const { train, validation } = await open({ ...spec, index: 2 }, 40);
    expect(train.indices.length).to.equal(40);
    expect(part.train).to.include.members([...train.indices]);
    for (const label of part.classes) {
      const ofClass = train.indices.filter((i) => dataset.train.labels[i] === label);
      expect(ofClass.length, `class ${label}`).to.be.within(4, 16);
    }
    expect((await open({ ...spec, index: 2 }, 40)).train.indices).to.deep.equal(train.indices);
    expect(validation.indices).to.deep.equal(part.validation);
  });

  it("comes from an index file, if that is the agreed one and has such a node", async () => {
    const spec: PartitionSpec = { kind: "dirichlet", seed: 3, nodes: 4, alpha: 0.5 };
    const made = partition({ dataset, ...spec });
    const file = join(folder.path, "index.json");
    await writeFile(file, encodePartition(dataset, spec, made));
    const { train } = await open({ kind: "file", file, index: 1, digest: made.digest });
    expect(train.indices).to.deep.equal(made.nodes[1]?.train);
    const none = await inputError(open({ kind: "file", file, index: 4 }));
    expect(none.message).to.include("no node 4");
    const other = await inputError(open({ kind: "file", file, index: 1, digest: `0x${"ab".repeat(32)}` }));
    expect(other.message).to.include("is the partition");
  });
});

describe("A task whose scores are errors", () => {
  it("is not served where its terms expect accuracies, nor the other way round", () => {
    const evaluation = {
      accuracy: { metric: "accuracy", negotiationSplit: "validation" },
      mae: { metric: "mae", scale: 1, negotiationSplit: "validation" },
    } as const;
    checkScores({ scoreKind: ScoreKind.Accuracy }, { evaluation: evaluation.accuracy });
    checkScores({ scoreKind: ScoreKind.Error }, { evaluation: evaluation.mae });
    const wrong = [
      () => checkScores({ scoreKind: ScoreKind.Accuracy }, { evaluation: evaluation.mae }),
      () => checkScores({ scoreKind: ScoreKind.Error }, { evaluation: evaluation.accuracy }),
    ];
    for (const check of wrong) expect(check).to.throw(InputError, "expect");
  });
});

describe("A node whose folder grows", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const schema = {
    columns: [{ kind: "numeric", name: "x" }],
    target: { kind: "number", name: "y", offset: 0, scale: 1 },
  };
  const table = (rows: number) =>
    `x,y\n${Array.from({ length: rows }, (_, i) => `${i},${2 * i}\n`).join("")}`;
  /** The numbers that samples hold, as the table has them. */
  const values = (samples: Samples): number[] => samples.indices.map((i) => samples.split.features[i] ?? -1);

  async function take(
    terms: DatasetTerms,
    maxSamples = 10_000,
  ): Promise<{ data: TaskData; lines: LogLine[] }> {
    const { logger, lines } = logged();
    const dir = join(folder.path, "data");
    const data = await openTaskData({
      terms,
      dataset: await loadOwnDataset(terms, dir),
      config: config({ dir, partition: { kind: "own" } }),
      maxSamples,
      dir: join(folder.path, "task"),
      logger,
    });
    return { data, lines };
  }
  const takeTable = async (maxSamples?: number) => {
    const terms = datasetTerms(await loadDataset("csv", join(folder.path, "data")));
    return take(terms, maxSamples);
  };
  beforeEach(() =>
    folder.put({
      "data/schema.json": JSON.stringify(schema),
      "data/train.csv": table(50),
      "data/test.csv": table(5),
    }),
  );

  it("trains on what comes, keeps its validation split, and says how much came", async () => {
    const { data, lines } = await takeTable();
    const validation = values(data.validation);
    expect([validation.length, data.train.indices.length]).to.deep.equal([10, 40]);
    await data.refresh();
    expect(lines).to.deep.equal([]);

    await folder.put({ "data/train.csv": table(80) });
    await data.refresh();
    expect(values(data.validation)).to.deep.equal(validation);
    expect(values(data.train)).to.deep.equal(
      Array.from({ length: 80 }, (_, i) => i).filter((i) => !validation.includes(i)),
    );
    expect(lines[0]).to.deep.include({ came: 30, gone: 0, samples: 70 });
    expect(lines[0]?.dataset).to.match(/^0x[0-9a-f]{64}$/);
    await data.refresh();
    expect(lines.length).to.equal(1);
  });

  it("fits its normalisation on the training records that are there, for both splits", async () => {
    const { data } = await takeTable();
    await folder.put({ "data/train.csv": table(500) });
    await data.refresh();
    const trained = values(data.train);
    const mean = trained.reduce((sum, value) => sum + value, 0) / trained.length;
    expect(data.train.mean[0]).to.be.closeTo(mean, 1e-9);
    expect(data.validation.mean).to.deep.equal(data.train.mean);
    const first = data.validation.indices[0] ?? 0;
    const [input = 0] = batchMaker(data.validation)([first]).inputs;
    expect(input).to.be.closeTo(((values(data.validation)[0] ?? 0) - mean) / (data.train.std[0] ?? 1), 1e-5);
  });

  it("keeps the validation split over a restart, in whatever order the records stand then", async () => {
    const before = await takeTable();
    const [header = "", ...rows] = table(120).trim().split("\n");
    await folder.put({ "data/train.csv": [header, ...rows.toReversed()].join("\n") });
    const after = await takeTable();
    expect(values(after.data.validation).toSorted()).to.deep.equal(values(before.data.validation).toSorted());
    expect(after.data.train.indices.length).to.equal(110);
  });

  it("takes no more than the terms allow one update to claim", async () => {
    const { data, lines } = await takeTable(45);
    await folder.put({ "data/train.csv": table(80) });
    await data.refresh();
    expect(lines.map(({ samples, drawn }) => samples ?? drawn)).to.deep.equal([45, 45]);
    expect(data.train.indices.length).to.equal(45);
  });

  it("draws from all records, and keeps of the drawn what newer ones do not displace", async () => {
    const { data } = await takeTable(20);
    const before = values(data.train);
    expect(Math.max(...before)).to.be.above(25);
    await folder.put({ "data/train.csv": table(60) });
    await data.refresh();
    const after = values(data.train);
    const stayed = before.filter((value) => after.includes(value));
    expect(after.filter((value) => value < 50)).to.deep.equal(stayed);
    expect([after.length, stayed.length > 10]).to.deep.equal([20, true]);
  });

  it("is not held up by links that lead nowhere or in circles", async () => {
    const { data, lines } = await takeTable();
    await symlink(join(folder.path, "data"), join(folder.path, "data", "circle"));
    await symlink(join(folder.path, "nothing"), join(folder.path, "data", "dangling"));
    await folder.put({ "data/train.csv": table(55) });
    await data.refresh();
    expect(lines).to.have.length(1);
    expect(lines[0]).to.deep.include({ came: 5, gone: 0 });
  });

  it("goes on with what it has while a file is half written, and takes it up when it is whole", async () => {
    const { data, lines } = await takeTable();
    await folder.put({ "data/train.csv": `${table(60)}61,` });
    await data.refresh();
    expect(data.train.indices.length).to.equal(40);
    expect(lines[0]?.reason).to.include("train.csv line 62: y is missing");
    await folder.put({ "data/train.csv": `${table(60)}61,122\n` });
    await data.refresh();
    expect(data.train.indices.length).to.equal(51);
    expect(lines[1]).to.deep.include({ came: 11 });
  });

  it("is refused when the records that validated are gone", async () => {
    await takeTable();
    await folder.put({ "data/train.csv": "x,y\n1000,1\n1001,1\n" });
    expect((await inputError(takeTable())).message).to.include("0 to validate with");
  });

  it("is refused when it is no longer known what validates", async () => {
    await takeTable();
    await folder.put({ "task/validation.json": "[" });
    expect((await inputError(takeTable())).message).to.include(
      "validation.json, which records what validates",
    );
  });

  it("may hold pictures", async () => {
    const picture = (shade: number) =>
      encode({ width: 2, height: 2, channels: 1, data: new Uint8Array(4).fill(shade) });
    await rm(join(folder.path, "data"), { recursive: true });
    const put = (from: number, to: number) =>
      folder.put(
        Object.fromEntries(
          Array.from({ length: to - from }, (_, i) => [
            `data/train/${i % 2 ? "dark" : "light"}/${from + i}.png`,
            picture(from + i),
          ]),
        ),
      );
    await put(0, 20);
    await folder.put({
      "data/test/dark/1.png": picture(99),
      "data/schema.json": '{"inputShape": [2, 2, 1]}',
    });
    const { data, lines } = await take(
      datasetTerms(await loadDataset("image-folder", join(folder.path, "data"))),
    );
    expect([data.validation.indices.length, data.train.indices.length]).to.deep.equal([4, 16]);
    await put(20, 26);
    await data.refresh();
    expect([data.validation.indices.length, data.train.indices.length]).to.deep.equal([4, 22]);
    expect(lines.find(({ came }) => came !== undefined)).to.deep.include({ came: 6, gone: 0 });
    expect(lines[0]?.msg).to.include("the data: train trains, test tests");
  });
});
