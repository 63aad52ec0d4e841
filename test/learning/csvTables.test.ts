import { expect } from "chai";
import { gzipSync } from "node:zlib";
import { datasetTerms } from "#learning/data/dataset";
import { loadDataset } from "#learning/data/loadDataset";
import { datasetSchema } from "#protocol/manifest/datasetTerms";
import { samplerFor, batchMaker } from "#learning/data/samples";
import { dataFolder, inputError } from "./dataFolder.ts";

const columns = [
  { kind: "numeric", name: "age" },
  { kind: "category", name: "sex", values: ["f", "m"] },
  { kind: "numeric", name: "pressure" },
];
const illness = JSON.stringify({ columns, target: { kind: "class", name: "ill", values: ["no", "yes"] } });
const cost = JSON.stringify({ columns, target: { kind: "number", name: "cost", offset: 1000, scale: 500 } });
const TABLE = `\uFEFFid,age,sex,pressure,ill,cost
1,40,f,120.5,no,1000
2,50, m ,130,yes,2000

3,60,f,1e2,"yes",500
`;

describe("a table", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const failure = async () => (await inputError(loadDataset("csv", folder.path))).message;

  it("has a feature for each number and one for each value of a category", async () => {
    await folder.put({ "schema.json": illness, "train.csv": TABLE, "test.csv.gz": gzipSync(TABLE) });
    const { inputShape, classes, classNames, train, test } = await loadDataset("csv", folder.path);
    expect([inputShape, classes, classNames]).to.deep.equal([[4], 2, ["no", "yes"]]);
    expect([...train.features]).to.deep.equal([40, 1, 0, 120.5, 50, 0, 1, 130, 60, 1, 0, 100]);
    expect([...train.labels]).to.deep.equal([0, 1, 1]);
    expect([train.targets, test.count]).to.deep.equal([undefined, 3]);
  });

  it("with a number to predict has targets in the schema's unit, and fits the manifest's schema", async () => {
    await folder.put({ "schema.json": cost, "train.csv": TABLE, "test.csv": TABLE });
    const dataset = await loadDataset("csv", folder.path);
    expect(dataset.classes).to.equal(1);
    expect([...(dataset.train.targets ?? [])]).to.deep.equal([0, 2, -1]);
    expect([...dataset.train.labels]).to.deep.equal([0, 0, 0]);
    expect(datasetSchema.parse(datasetTerms(dataset))).to.deep.equal(datasetTerms(dataset));
  });

  it("is standardised by the node's training rows alone, and its categories are left as they are", async () => {
    await folder.put({ "schema.json": illness, "train.csv": TABLE, "test.csv": TABLE });
    const dataset = await loadDataset("csv", folder.path);
    const samples = samplerFor(datasetTerms(dataset), dataset.train, [0, 1]);
    const { mean, std, indices } = samples(dataset.train, [2]);
    expect([mean, std, indices]).to.deep.equal([[45, 0, 0, 125.25], [5, 1, 1, 4.75], [2]]);
    const { inputs, labels } = batchMaker(samples(dataset.test, [0, 2]))([0, 2]);
    expect([...inputs.subarray(0, 4), labels.length]).to.deep.equal([-1, 1, 0, -1, 2]);
    expect(inputs[4]).to.equal(3);
  });

  it("alone in data.csv is divided by what its rows hold, so that rows can come", async () => {
    const rows = (count: number) =>
      `age,sex,pressure,ill,cost\n${Array.from({ length: count }, (_, i) => `${i},f,1,no,1\n`).join("")}`;
    await folder.put({ "schema.json": illness, "data.csv": rows(100) });
    const before = await loadDataset("csv", folder.path);
    await folder.put({ "data.csv": rows(150) });
    const after = await loadDataset("csv", folder.path);
    const ages = ({ features, count }: typeof after.test) =>
      Array.from({ length: count }, (_, i) => features[4 * i]);
    expect(before.test.count).to.be.within(8, 35);
    expect(ages(after.test).slice(0, before.test.count)).to.deep.equal(ages(before.test));
    expect(ages(after.train).slice(0, before.train.count)).to.deep.equal(ages(before.train));
  });

  it("is refused with the line where a value is missing, no number, or unknown", async () => {
    const bad: readonly (readonly [string, string])[] = [
      [TABLE.replace("50,", ","), "line 3: age is missing"],
      [TABLE.replace("50,", "fifty,"), 'line 3: age is "fifty", not a number'],
      [TABLE.replace(" m ", "x"), 'line 3: sex is "x", which the schema does not know'],
      [TABLE.replace("1e2", "Infinity"), "line 5: pressure is"],
      [TABLE.replace('"yes"', '"perhaps"'), 'line 5: ill is "perhaps"'],
      [TABLE.replace("pressure", "stress"), "has no column pressure"],
      [TABLE.replace("2,50", "50"), "line 3 has 5 values, but its header has 6 columns"],
      [TABLE.replace("2000", "2000,9"), "line 3 has 7 values"],
      [TABLE.replace('"yes"', '"yes'), "is not a table"],
      ["", "has no rows"],
      ["age,sex\n", "has no rows"],
    ];
    for (const [table, message] of bad) {
      await folder.put({ "schema.json": illness, "train.csv": table, "test.csv": TABLE });
      expect(await failure())
        .to.include(message)
        .and.to.include("train.csv");
    }
  });

  it("is refused with the line for numbers that float32 cannot hold or that are not decimal", async () => {
    const bad = ["1e39", "-3.5e38", "0x10", "0b11", "0o17", "1_000", "1 000", "1'000", "'1'"];
    bad.push(
      '"1,000"',
      '"1.000,5"',
      '"1,5"',
      "NaN",
      "nan",
      "Inf",
      "-Infinity",
      "1e",
      "e5",
      ".",
      "1.2.3",
      "--1",
    );
    bad.push("5%", "1d5", "１", "\u221212", `${"1".repeat(400)}`, `${"1".repeat(200_000)}x`);
    for (const cell of bad) {
      await folder.put({
        "schema.json": illness,
        "train.csv": TABLE.replace("1e2", cell),
        "test.csv": TABLE,
      });
      expect(await failure(), cell)
        .to.include("train.csv line 5: pressure is")
        .and.match(/not a (decimal )?number|float32/);
    }
  });

  it("reads every decimal notation, rounded to float32, and never to infinity", async () => {
    const good = [
      "1e2",
      "+7",
      "007",
      "1.",
      ".5",
      "-0",
      "1E+2",
      "3.4028235e38",
      "1.17549436e-38",
      "0e999",
      "16777217",
    ];
    for (const cell of good) {
      await folder.put({
        "schema.json": illness,
        "train.csv": TABLE.replace("1e2", cell),
        "test.csv": TABLE,
      });
      const { train } = await loadDataset("csv", folder.path);
      expect(train.features[11], cell).to.equal(Math.fround(Number(cell)));
      expect(train.features[11]).to.satisfy(Number.isFinite);
    }
  });

  it("takes what is nearer to 0 than float32 holds for 0, and says so", async () => {
    for (const cell of ["1e-39", "-1e-50", "1e-400"]) {
      await folder.put({
        "schema.json": illness,
        "train.csv": TABLE.replace("1e2", cell),
        "test.csv": TABLE,
      });
      const { train, report } = await loadDataset("csv", folder.path);
      expect(train.features[11], cell).to.equal(0);
      const [, note = ""] = report?.notes ?? [];
      expect(note).to.include("pressure has 1 numbers nearer to 0 than 1.2e-38");
    }
  });

  it("is refused where offset and scale lead beyond float32", async () => {
    const target = { kind: "number", name: "cost", offset: 0, scale: 1e-37 };
    const schema = JSON.stringify({ columns, target });
    await folder.put({ "schema.json": schema, "train.csv": TABLE, "test.csv": TABLE });
    expect(await failure()).to.include('line 2: cost is "1000", with the schema\'s offset and scale beyond');
  });

  it("is refused where a column stands twice, named or not by the schema", async () => {
    const bad: readonly (readonly [string, string])[] = [
      [TABLE.replace("cost", "age"), "line 1: the column age appears twice"],
      [TABLE.replace("cost", " id "), "line 1: the column id appears twice"],
      [TABLE.replaceAll(",", ";"), 'line 1: the columns are separated by ";"'],
      [TABLE.replaceAll(",", "\t"), "line 1: the columns are separated by tabs"],
    ];
    for (const [table, message] of bad) {
      await folder.put({ "schema.json": illness, "train.csv": table, "test.csv": TABLE });
      expect(await failure())
        .to.include(message)
        .and.to.include("train.csv");
    }
  });

  it("is refused in another encoding than UTF-8, in which words could become equal", async () => {
    const put = (train: Uint8Array) =>
      folder.put({ "schema.json": illness, "train.csv": train, "test.csv": TABLE });
    await put(Buffer.from(TABLE.replace(" m ", "\u00e9"), "latin1"));
    expect(await failure()).to.include("train.csv line 1 is not in UTF-8");
    await put(Buffer.from(TABLE.replace("\uFEFF", "").replace(" m ", "\u00e9"), "latin1"));
    expect(await failure()).to.include("train.csv line 3 is not in UTF-8");
    await put(Buffer.from(TABLE, "utf16le"));
    expect(await failure()).to.include("UTF-16");
  });

  it("says which columns it left alone, and whose whole numbers are rounded", async () => {
    const table = TABLE.replace("id,", ",").replace("120.5", "16777217").replace("130", "1700000001");
    await folder.put({ "schema.json": illness, "train.csv": table, "test.csv": TABLE });
    const { report } = await loadDataset("csv", folder.path);
    expect(report?.notes.map((note) => note.slice(note.indexOf(": ") + 2))).to.deep.equal([
      "ignored, since the schema does not name them: (without a name), cost",
      "pressure has 2 whole numbers beyond 16777216, which float32 rounds to about seven digits",
      "ignored, since the schema does not name them: id, cost",
    ]);
  });

  it("is refused without a schema, and with a wrong one", async () => {
    await folder.put({ "train.csv": TABLE });
    expect(await failure()).to.include("schema.json is missing");
    await folder.put({ "schema.json": "{" });
    expect(await failure()).to.include("is not JSON");
    await folder.put({ "schema.json": '{"columns": [], "target": {}}' });
    expect(await failure()).to.include("schema.json: columns");
    await folder.put({ "schema.json": illness, "train.csv": TABLE });
    expect(await failure()).to.include("test.csv is missing");
  });
});
