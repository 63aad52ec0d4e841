import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { DatasetName } from "#protocol/manifest/datasetTerms";
import { loadDataset } from "#learning/data/loadDataset";
import { digits } from "#learning/data/digits";
import { dataFolder, inputError } from "./dataFolder.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("digits", function () {
  this.timeout(60_000);

  it("draws the same bytes on every platform", () => {
    const { train, test } = digits();
    expect(sha256(train.features as Uint8Array)).to.equal(
      "375cc0625f7bea9008215d108bc0cf5dee56e75de36dabe1297966eba5bdda8f",
    );
    expect(sha256(test.features as Uint8Array)).to.equal(
      "f88618d3db554de71347eb88ed59bbe41c4c607d63b43c5a0b510078a7b68065",
    );
  });

  it("has equally many images of every class, no two of them alike", () => {
    const { train, test, inputShape } = digits();
    const size = inputShape.reduce((a, b) => a * b);
    for (const split of [train, test]) {
      expect(split.features.length).to.equal(split.count * size);
      for (let label = 0; label < 10; label++) {
        expect(split.labels.filter((found) => found === label).length).to.equal(split.count / 10);
      }
    }
    const seen = new Set<string>();
    for (const { features, count } of [train, test]) {
      for (let i = 0; i < count; i++)
        seen.add(sha256(features.subarray(i * size, (i + 1) * size) as Uint8Array));
    }
    expect(seen.size).to.equal(train.count + test.count);
  });
});

function idxImages(count: number, size = 28): Buffer {
  const header = Buffer.alloc(16);
  [0x803, count, size, size].forEach((value, i) => header.writeUInt32BE(value, 4 * i));
  return Buffer.concat([
    header,
    Buffer.from(Uint8Array.from({ length: count * size * size }, (_, i) => i % 251)),
  ]);
}

function idxLabels(labels: readonly number[]): Buffer {
  const header = Buffer.alloc(8);
  [0x801, labels.length].forEach((value, i) => header.writeUInt32BE(value, 4 * i));
  return Buffer.concat([header, Buffer.from(labels)]);
}

function cifarRecords(labels: readonly number[]): Buffer {
  return Buffer.concat(
    labels.map((label) =>
      Buffer.from([label, ...Array.from({ length: 3072 }, (_, i) => (i * 7 + label) % 256)]),
    ),
  );
}

describe("dataset files", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const failure = async (name: DatasetName) => (await inputError(loadDataset(name, folder.path))).message;

  const mnist = () => ({
    "train-images-idx3-ubyte": idxImages(3),
    "train-labels-idx1-ubyte": idxLabels([0, 9, 5]),
    "t10k-images-idx3-ubyte": idxImages(2),
    "t10k-labels-idx1-ubyte": idxLabels([1, 2]),
  });

  it("reads MNIST's files as they are", async () => {
    await folder.put(mnist());
    const { train, test, inputShape } = await loadDataset("mnist", folder.path);
    expect([train.count, test.count, ...inputShape]).to.deep.equal([3, 2, 28, 28, 1]);
    expect([...train.labels]).to.deep.equal([0, 9, 5]);
    expect(Buffer.from(train.features).equals(mnist()["train-images-idx3-ubyte"].subarray(16))).to.equal(
      true,
    );
  });

  it("reads them gzipped and with a dot in the name", async () => {
    const files = Object.entries(mnist()).map(([name, bytes]) => [
      `${name.replace("-idx", ".idx")}.gz`,
      gzipSync(bytes),
    ]);
    await folder.put(Object.fromEntries(files));
    expect((await loadDataset("mnist", folder.path)).train.count).to.equal(3);
  });

  it("names the missing file", async () => {
    await folder.put({ ...mnist() });
    await rm(join(folder.path, "t10k-labels-idx1-ubyte"));
    expect(await failure("mnist")).to.equal(`t10k-labels-idx1-ubyte is missing from ${folder.path}`);
    expect((await inputError(loadDataset("cifar10", folder.path))).message).to.include("No data_batch_1.bin");
    expect((await inputError(loadDataset("mnist"))).message).to.include("needs a folder");
  });

  const damaged: Record<string, [string, Buffer, string]> = {
    "a truncated file": [
      "train-images-idx3-ubyte",
      idxImages(3).subarray(0, 2000),
      "truncated: 2000 of 2368 bytes",
    ],
    "a header cut short": [
      "train-images-idx3-ubyte",
      idxImages(3).subarray(0, 10),
      "truncated: 10 of 16 bytes",
    ],
    "a truncated gzip file": [
      "train-images-idx3-ubyte",
      gzipSync(idxImages(3)).subarray(0, 60),
      "damaged gzip file",
    ],
    "an empty file": ["train-images-idx3-ubyte", Buffer.alloc(0), "not an IDX file of images"],
    "a foreign file": [
      "train-images-idx3-ubyte",
      Buffer.from("<html>not found</html>"),
      "not an IDX file of images",
    ],
    "trailing bytes": [
      "t10k-labels-idx1-ubyte",
      Buffer.concat([idxLabels([1, 2]), Buffer.of(3)]),
      "its header says 10",
    ],
    "labels in the place of images": [
      "train-images-idx3-ubyte",
      idxLabels([1, 2, 3]),
      "holds labels, not images",
    ],
    "images in the place of labels": ["train-labels-idx1-ubyte", idxImages(3), "holds images, not labels"],
    "labels of the other split": ["train-labels-idx1-ubyte", idxLabels([1, 2]), "3 images but"],
    "images of another size": ["train-images-idx3-ubyte", idxImages(3, 32), "32 x 32 pixels"],
    "a label out of range": ["train-labels-idx1-ubyte", idxLabels([0, 10, 5]), "label 1 is 10"],
    "no images at all": ["train-images-idx3-ubyte", idxImages(0), "is empty"],
  };
  for (const [what, [name, bytes, message]] of Object.entries(damaged)) {
    it(`refuses ${what}`, async () => {
      await folder.put({ ...mnist(), [name]: bytes });
      expect(await failure("mnist"))
        .to.include(message)
        .and.to.include(folder.path);
    });
  }

  it("tells MNIST and Fashion-MNIST apart by their folders", async () => {
    const moved = Object.entries(mnist()).map(([name, bytes]) => [`fashion-mnist/${name}`, bytes]);
    await folder.put({
      ...Object.fromEntries(moved),
      ...mnist(),
      "train-labels-idx1-ubyte": idxLabels([1, 1, 1]),
    });
    expect([...(await loadDataset("fashion-mnist", folder.path)).train.labels]).to.deep.equal([0, 9, 5]);
    expect([...(await loadDataset("mnist", folder.path)).train.labels]).to.deep.equal([1, 1, 1]);
  });

  it("learns CIFAR-100's fine labels, and checks the coarse ones", async () => {
    const records = (labels: readonly (readonly [number, number])[]) =>
      Buffer.concat(labels.map(([coarse, fine]) => Buffer.concat([Buffer.of(coarse), cifarRecords([fine])])));
    await folder.put({
      "cifar100/train.bin": records([
        [19, 99],
        [0, 4],
      ]),
      "cifar100/test.bin": records([[3, 42]]),
    });
    const { train, test, classes } = await loadDataset("cifar100", folder.path);
    expect([classes, ...train.labels, ...test.labels]).to.deep.equal([100, 99, 4, 42]);
    expect(train.features[3072]).to.equal(4);
    await folder.put({
      "cifar100/test.bin": records([
        [3, 42],
        [20, 1],
      ]),
    });
    expect(await failure("cifar100")).to.include("record 1 has label 20, but CIFAR-100 has 0 to 19");
    await folder.put({ "cifar100/test.bin": cifarRecords([1, 2]) });
    expect(await failure("cifar100")).to.include("not a whole number of records of 3074");
  });

  it("joins CIFAR-10's batches, gzipped or not, and turns its planes into pixels", async () => {
    await folder.put({
      "data_batch_1.bin": cifarRecords([3, 8]),
      "data_batch_3.bin.gz": gzipSync(cifarRecords([1])),
      "test_batch.bin": cifarRecords([9]),
    });
    const { train, test, inputShape } = await loadDataset("cifar10", folder.path);
    expect(inputShape).to.deep.equal([32, 32, 3]);
    expect([...train.labels, ...test.labels]).to.deep.equal([3, 8, 1, 9]);
    expect([...train.features.subarray(3072 + 3 * 40, 3072 + 3 * 40 + 3)]).to.deep.equal(
      [0, 1, 2].map((channel) => ((channel * 1024 + 40) * 7 + 8) % 256),
    );
  });

  it("refuses truncated and foreign CIFAR-10 files", async () => {
    await folder.put({
      "data_batch_1.bin": cifarRecords([3]).subarray(0, 3000),
      "test_batch.bin": cifarRecords([9]),
    });
    expect(await failure("cifar10")).to.include("3000 bytes, not a whole number of records");
    await folder.put({ "data_batch_1.bin": cifarRecords([3, 77]) });
    expect(await failure("cifar10")).to.include("record 1 has label 77");
    await folder.put({ "data_batch_1.bin": cifarRecords([3]), "test_batch.bin": Buffer.alloc(0) });
    expect(await failure("cifar10")).to.include("0 bytes");
  });
});

describe("official files", function () {
  this.timeout(60_000);

  const data = process.env["CONCORDAT_DATA"] ?? join(import.meta.dirname, "../../../shared/data");

  for (const [name, train, test] of [
    ["mnist", 60_000, 10_000],
    ["cifar10", undefined, undefined],
  ] as const) {
    it(`of ${name} load with all ten classes`, async function () {
      if (!existsSync(join(data, name))) {
        console.log(
          `      skipped: no ${name} files in ${data} (set CONCORDAT_DATA to the folder that has them)`,
        );
        return this.skip();
      }
      const dataset = await loadDataset(name, data);
      if (train !== undefined) expect([dataset.train.count, dataset.test.count]).to.deep.equal([train, test]);
      expect(new Set(dataset.train.labels).size).to.equal(10);
      expect(new Set(dataset.test.labels).size).to.equal(10);
    });
  }
});
