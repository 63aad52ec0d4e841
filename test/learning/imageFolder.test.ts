import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { encode } from "fast-png";
import jpeg from "jpeg-js";
import { datasetTerms } from "#learning/data/dataset";
import { loadDataset } from "#learning/data/loadDataset";
import { decodePicture, fitPicture } from "#learning/data/picture";
import { dataFolder, inputError } from "./dataFolder.ts";

/** A PNG of one colour. */
const png = (width: number, height: number, colour: readonly number[]): Uint8Array =>
  encode({
    width,
    height,
    channels: colour.length,
    data: Uint8Array.from(
      { length: width * height * colour.length },
      (_, i) => colour[i % colour.length] ?? 0,
    ),
  });

describe("a folder of pictures", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const split = () => ({
    "train/cat/a.png": png(40, 30, [200, 100, 50]),
    "train/cat/b.JPG": jpeg.encode({ width: 16, height: 16, data: Buffer.alloc(16 * 16 * 4, 128) }, 90).data,
    "train/dog/c.png": png(8, 8, [7]),
    "train/dog/notes.txt": "no picture",
    "test/dog/d.png": png(32, 32, [1, 2, 3, 255]),
  });

  it("has its folders as classes, its pictures brought to one shape", async () => {
    await folder.put(split());
    const { train, test, classNames, inputShape } = await loadDataset("image-folder", folder.path);
    expect(classNames).to.deep.equal(["cat", "dog"]);
    expect(inputShape).to.deep.equal([32, 32, 3]);
    expect([...train.labels, ...test.labels]).to.deep.equal([0, 0, 1, 1]);
    const colourOf = (i: number) => [...train.features.subarray(i * 3072, i * 3072 + 3)];
    expect(colourOf(0)).to.deep.equal([200, 100, 50]);
    for (const value of colourOf(1)) expect(value).to.be.closeTo(128, 2);
    expect(colourOf(2)).to.deep.equal([7, 7, 7]);
    expect([...test.features.subarray(0, 3)]).to.deep.equal([1, 2, 3]);
  });

  it("takes shape and classes from the task, and leaves out what a node does not have", async () => {
    await folder.put({ ...split(), "schema.json": '{"inputShape": [6, 5, 1]}' });
    const found = await loadDataset("image-folder", folder.path);
    expect([found.inputShape, found.mean]).to.deep.equal([[6, 5, 1], [0.5]]);
    const terms = {
      ...datasetTerms(found),
      name: "image-folder" as const,
      classes: 3,
      classNames: ["dog", "cat", "owl"],
    };
    const { train } = await loadDataset(terms, folder.path);
    expect([...train.labels]).to.deep.equal([0, 1, 1]);
    expect(train.features.length).to.equal(3 * 30);
    const without = { ...terms, classNames: ["dog", "owl", "emu"] };
    expect((await inputError(loadDataset(without, folder.path))).message).to.include(
      "cat is not one of the task's classes",
    );
  });

  it("without train and test divides by name, and keeps what it has where it is when pictures come", async () => {
    const picture = (i: number) => [`${i % 2 ? "cat" : "dog"}/${i}.png`, png(2, 2, [i, i, i])] as const;
    await folder.put(Object.fromEntries(Array.from({ length: 60 }, (_, i) => picture(i))));
    const before = await loadDataset("image-folder", folder.path);
    expect(before.test.count).to.be.within(4, 22);
    expect(before.train.count + before.test.count).to.equal(60);
    await folder.put(Object.fromEntries(Array.from({ length: 60 }, (_, i) => picture(60 + i))));
    const after = await loadDataset("image-folder", folder.path);
    const shades = ({ features, count }: typeof after.test) =>
      Array.from({ length: count }, (_, i) => features[i * 3072] ?? 0)
        .filter((shade) => shade < 60)
        .toSorted((a, b) => a - b);
    expect(shades(after.test)).to.deep.equal(shades(before.test));
    expect(shades(after.train)).to.deep.equal(shades(before.train));
  });

  it("names the file that is no picture", async () => {
    const damaged: Record<string, Uint8Array | string> = {
      "truncated PNG": png(40, 30, [1, 2, 3]).subarray(0, 60),
      "flipped bit": png(40, 30, [1, 2, 3]).map((byte, i) => (i === 50 ? byte ^ 1 : byte)),
      "truncated JPEG": jpeg
        .encode({ width: 64, height: 64, data: Buffer.alloc(64 * 64 * 4, 9) }, 90)
        .data.subarray(0, 150),
      "a web page": "<html>",
      "an empty file": "",
    };
    for (const [what, content] of Object.entries(damaged)) {
      await folder.put({ ...split(), "train/cat/z.png": content });
      const { message } = await inputError(loadDataset("image-folder", folder.path));
      expect(message, what).to.include(join("train", "cat", "z.png"));
    }
    await rm(join(folder.path, "train"), { recursive: true });
    expect(await readdir(folder.path)).to.deep.equal(["test"]);
    expect((await inputError(loadDataset("image-folder", folder.path))).message).to.include(
      "1 folders of classes",
    );
    expect((await inputError(loadDataset("image-folder", join(folder.path, "none")))).message).to.include(
      "no folder",
    );
  });
});

describe("a picture", function () {
  this.timeout(30_000);
  it("of the right size is left as it is, in grey by luminance", () => {
    const data = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i * 7);
    const picture = { width: 4, height: 3, channels: 3, data };
    expect(fitPicture(picture, 3, 4, 3)).to.deep.equal(data);
    const grey = fitPicture(picture, 3, 4, 1);
    expect(grey[1]).to.equal(Math.round(0.299 * 21 + 0.587 * 28 + 0.114 * 35));
  });

  it("is interpolated between pixel centres, and averaged when it shrinks", () => {
    const ramp = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 100) };
    expect([...fitPicture(ramp, 1, 4, 1)]).to.deep.equal([0, 25, 75, 100]);
    const stripes = {
      width: 64,
      height: 1,
      channels: 1,
      data: Uint8Array.from({ length: 64 }, (_, i) => 200 * (i % 2)),
    };
    for (const value of fitPicture(stripes, 1, 4, 1)) expect(value).to.be.closeTo(100, 4);
  });

  it("with a palette, few bits or sixteen has the same colours", () => {
    const palette = encode({
      width: 3,
      height: 1,
      channels: 1,
      depth: 8,
      data: Uint8Array.of(1, 0, 1),
      palette: [
        [9, 8, 7],
        [1, 2, 3],
      ],
    });
    expect([...fitPicture(decodePicture(palette), 1, 3, 3)]).to.deep.equal([1, 2, 3, 9, 8, 7, 1, 2, 3]);
    const deep = encode({
      width: 2,
      height: 1,
      channels: 1,
      depth: 16,
      data: Uint16Array.of(0xffff, 0x80ff),
    });
    expect([...fitPicture(decodePicture(deep), 1, 2, 1)]).to.deep.equal([255, 128]);
    const oneBit = encode({
      width: 3,
      height: 2,
      channels: 1,
      depth: 1,
      data: Uint8Array.of(0b1010_0000, 0b0100_0000),
    });
    expect([...fitPicture(decodePicture(oneBit), 2, 3, 1)]).to.deep.equal([255, 0, 255, 0, 255, 0]);
  });
});
