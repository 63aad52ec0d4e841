import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import jpeg from "jpeg-js";
import { describeDataset } from "#learning/data/describeDataset";
import { reportLines } from "#learning/data/dataReport";
import { type Dataset, datasetTerms, type Split } from "#learning/data/dataset";
import { loadDataset } from "#learning/data/loadDataset";
import { datasetSchema } from "#protocol/manifest/datasetTerms";
import { dataFolder, inputError } from "./dataFolder.ts";
import { encodePng, exifOf, withExif } from "./pngEncoder.ts";

/** A picture of 2 x 2 pixels, known by its first shade and not of one colour. */
const picture = (shade: number) =>
  encodePng({ width: 2, height: 2, depth: 8, colourType: 0, sample: (x, y) => (x + y === 0 ? shade : 255) });
const SCHEMA = { "schema.json": '{"inputShape": [2, 2, 1]}' };

describe("a folder of pictures as people have it", function () {
  this.timeout(30_000);
  const folder = dataFolder();
  const load = () => loadDataset("image-folder", folder.path);
  const shades = ({ features, count }: Split) => Array.from({ length: count }, (_, i) => features[4 * i]);
  const lines = ({ report }: Dataset) => (report === undefined ? [] : reportLines(report));
  const refusal = async () => (await inputError(load())).oneLine.replaceAll(folder.path, "TOP");
  /** Pictures of both classes in a split, with shades from a number on. */
  const split = (name: string, from: number) => ({
    [`${name}/cat/a.png`]: picture(from),
    [`${name}/dog/b.PNG`]: picture(from + 1),
  });

  it("has splits whatever their case and spelling", async () => {
    for (const [train, test] of [
      ["train", "test"],
      ["Train", "TEST"],
      ["training", "Testing"],
    ] as const) {
      const name = `layout-${train}`;
      await folder.put({
        ...split(`${name}/${train}`, 1),
        ...split(`${name}/${test}`, 3),
        [`${name}/schema.json`]: SCHEMA["schema.json"],
      });
      const dataset = await loadDataset("image-folder", join(folder.path, name));
      expect([shades(dataset.train), shades(dataset.test)]).to.deep.equal([
        [1, 2],
        [3, 4],
      ]);
      expect(dataset.classNames).to.deep.equal(["cat", "dog"]);
      expect(lines(dataset)).to.deep.equal([`${train} trains, ${test} tests`]);
    }
  });

  it("has train and val, of which val tests", async () => {
    for (const val of ["val", "Valid", "VALIDATION", "dev"]) {
      const name = `layout-${val}`;
      await folder.put({
        ...split(`${name}/train`, 1),
        ...split(`${name}/${val}`, 3),
        [`${name}/schema.json`]: SCHEMA["schema.json"],
      });
      const dataset = await loadDataset("image-folder", join(folder.path, name));
      expect(shades(dataset.test)).to.deep.equal([3, 4]);
      expect(lines(dataset)).to.deep.equal([`train trains, ${val} tests`]);
    }
  });

  it("has train, val and test, of which val trains, since nodes draw their own validation records", async () => {
    await folder.put({ ...SCHEMA, ...split("train", 1), ...split("Val", 3), ...split("test", 5) });
    const dataset = await load();
    expect([shades(dataset.train), shades(dataset.test)]).to.deep.equal([
      [1, 3, 2, 4],
      [5, 6],
    ]);
    expect(lines(dataset)[0]).to.equal(
      "train and Val train, test tests: each node draws its own validation records from what trains",
    );
  });

  it("may have a class that is called train, where that is plain", async () => {
    await folder.put({
      ...SCHEMA,
      "train/0.png": picture(1),
      "bus/1.png": picture(2),
      "bus/2.png": picture(3),
      "test/1.png": picture(4),
    });
    const dataset = await load();
    expect(dataset.classNames).to.deep.equal(["bus", "test", "train"]);
    const terms = {
      ...datasetTerms(dataset),
      name: "image-folder" as const,
      classes: 2,
      classNames: ["test", "train"],
    };
    await folder.put({ "node/train/0.png": picture(1), "node/test/1.png": picture(4) });
    const { train, test } = await loadDataset(terms, join(folder.path, "node"));
    expect(train.count + test.count).to.equal(2);
  });

  it("is refused where splits and classes cannot be told apart", async () => {
    const layouts: readonly (readonly [files: Record<string, Uint8Array>, message: string])[] = [
      [
        { ...split("train", 1), "bird/1.png": picture(5) },
        "TOP/L holds train, which look like splits, beside bird",
      ],
      [
        { ...split("train", 1), ...split("training", 3), ...split("test", 5) },
        "TOP/L holds train and training, which mean the same split",
      ],
      [{ ...split("train", 1), ...split("val", 3), ...split("dev", 5) }, "which mean the same split"],
      [split("test", 1), "1 folders of classes, but test of the splits"],
      [split("train", 1), "name the folder TOP/L/train itself"],
      [
        { ...split("val", 1), ...split("test", 1) },
        "2 folders of classes, but test, val of the splits. Put train beside",
      ],
      [
        { ...split("cat/train", 1), ...split("dog/test", 1) },
        "TOP/L/cat/train looks like a split within a class",
      ],
      [
        { ...split("train", 1), ...split("test", 1), "train/cat/val/0.png": picture(1) },
        "TOP/L/train/cat/val looks like a split within a class",
      ],
    ];
    for (const [i, [files, message]] of layouts.entries()) {
      const own = join(folder.path, `${i}`, "L");
      await folder.put(
        Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${i}/L/${name}`, bytes])),
      );
      const error = await inputError(loadDataset("image-folder", own));
      expect(error.oneLine.replaceAll(join(folder.path, `${i}`), "TOP")).to.include(message);
    }
  });

  it("is read without what operating systems left in it", async () => {
    const left = {
      "__MACOSX/cat/._a.png": "resource fork",
      "cat/._a.png": "resource fork",
      "cat/.DS_Store": "x",
      "dog/Thumbs.db": "x",
      "dog/desktop.ini": "x",
      "@eaDir/cat/a.png@SynoEAStream": "x",
      ".ipynb_checkpoints/a.png": picture(9),
      "dog/.ipynb_checkpoints/b.png": picture(9),
      "$RECYCLE.BIN/c.png": picture(9),
      "System Volume Information/d.png": picture(9),
    };
    await folder.put({
      ...SCHEMA,
      "cat/a.png": picture(1),
      "dog/b.png": picture(2),
      "dog/c.png": picture(3),
      ...left,
    });
    const dataset = await load();
    expect(dataset.classNames).to.deep.equal(["cat", "dog"]);
    expect([...shades(dataset.train), ...shades(dataset.test)].toSorted()).to.deep.equal([1, 2, 3]);
    const [skipped] = dataset.report?.skipped ?? [];
    expect(skipped?.what).to.equal("left by an operating system or a program");
    expect(skipped?.files).to.have.members([
      "$RECYCLE.BIN/",
      ".ipynb_checkpoints/",
      "@eaDir/",
      "System Volume Information/",
      "__MACOSX/",
      "cat/._a.png",
      "cat/.DS_Store",
      "dog/.ipynb_checkpoints/",
      "dog/Thumbs.db",
      "dog/desktop.ini",
    ]);
    expect(lines(dataset).at(-1)).to.match(/^Skipped 10 files and folders left by .*: .* and 5 more$/);
  });

  it("has what lies in folders within a class, and every other file counted and named", async () => {
    await folder.put({
      ...SCHEMA,
      "cat/2023/may/a.png": picture(1),
      "cat/2024/a.jpeg": jpeg.encode({ width: 2, height: 2, data: Buffer.alloc(16, 100) }, 90).data,
      "dog/b.png": picture(2),
      "dog/b.webp": "x",
      "dog/c.WEBP": "x",
      "dog/c.gif": "x",
      "dog/notes.txt": "x",
      "README.md": "x",
      "stray.png": picture(3),
    });
    const dataset = await load();
    expect(dataset.train.count + dataset.test.count).to.equal(3);
    expect(lines(dataset).filter((line) => line.startsWith("Skipped"))).to.have.members([
      "Skipped 2 files of other kinds than pictures: README.md, dog/notes.txt",
      "Skipped 2 files of a format that is not read (WebP): dog/b.webp, dog/c.WEBP",
      "Skipped 1 file of a format that is not read (GIF): dog/c.gif",
      "Skipped 1 file beside the folders of classes: stray.png",
    ]);
    expect(describeDataset(dataset).report).to.deep.equal(dataset.report);
    expect(datasetSchema.parse(datasetTerms(dataset))).to.deep.equal(datasetTerms(dataset));
  });

  it("counts what stands beside the splits too", async () => {
    await folder.put({
      ...SCHEMA,
      ...split("train", 1),
      ...split("test", 3),
      "labels.csv": "x",
      "train/x.png": picture(1),
    });
    expect(lines(await load())).to.include.members([
      "Skipped 1 file beside the folders of classes: train/x.png",
      "Skipped 1 file beside the splits: labels.csv",
    ]);
  });

  it("is refused where nothing of a class can be read, or nothing is there", async () => {
    await folder.put({ "cat/a.webp": "x", "cat/b.bmp": "x", "cat/c.bmp": "x", "dog/a.png": picture(1) });
    expect(await refusal()).to.equal(
      "TOP/cat has no picture that can be read, only 1 file of a format that is not read (WebP), 2 files of a format " +
        "that is not read (BMP). Convert pictures to PNG or JPEG, or take the folder out",
    );
    await folder.put({ "cat/a.png": picture(2), "owl/.DS_Store": "x" });
    expect(await refusal()).to.include("TOP/owl has no pictures");
  });

  it("lets a node lack a class, but not lose one", async () => {
    await folder.put({
      ...SCHEMA,
      "cat/a.png": picture(1),
      "cat/b.png": picture(2),
      "dog/a.png": picture(3),
    });
    const terms = {
      ...datasetTerms(await load()),
      name: "image-folder" as const,
      classNames: ["cat", "dog"],
    };
    await folder.put({
      "node/cat/a.png": picture(1),
      "node/cat/b.png": picture(1),
      "node/dog/.DS_Store": "x",
    });
    const dataset = await loadDataset(terms, join(folder.path, "node"));
    expect(lines(dataset)).to.include("There are no pictures of dog here");
    await folder.put({ "node/dog/a.tiff": "x" });
    const error = await inputError(loadDataset(terms, join(folder.path, "node")));
    expect(error.message).to.include(
      "dog has no picture that can be read, only 1 file of a format that is not read (TIFF)",
    );
  });

  it("is refused where two classes differ only in capitals, and takes one name in two forms of Unicode for one", async () => {
    await folder.put({ "Cat/a.png": picture(1), "cat/b.png": picture(2) });
    expect(await refusal()).to.include("The classes Cat and cat differ only in capitals");
    const [composed, decomposed] = ["\u00e9t\u00e9", "e\u0301te\u0301"];
    await folder.put({
      [`L/train/${decomposed}/a.png`]: picture(1),
      "L/train/hiver/a.png": picture(2),
      [`L/test/${composed}/a.png`]: picture(3),
      "L/schema.json": SCHEMA["schema.json"],
    });
    const dataset = await loadDataset("image-folder", join(folder.path, "L"));
    expect(dataset.classNames).to.deep.equal(["hiver", composed]);
    expect([shades(dataset.train), shades(dataset.test)]).to.deep.equal([[2, 1], [3]]);
  });

  it("is read through links, but not in circles", async () => {
    await folder.put({
      ...SCHEMA,
      "cat/a.png": picture(1),
      "dog/b.png": picture(2),
      "more/c.png": picture(3),
    });
    const top = join(folder.path, "L");
    await folder.put({
      "L/cat/a.png": picture(1),
      "L/dog/b.png": picture(2),
      "L/schema.json": SCHEMA["schema.json"],
    });
    await symlink(join(folder.path, "more"), join(top, "dog", "linked"));
    await symlink(top, join(top, "cat", "circle"));
    await symlink(join(folder.path, "nothing.png"), join(top, "cat", "gone.png"));
    const dataset = await loadDataset("image-folder", top);
    expect([...shades(dataset.train), ...shades(dataset.test)].toSorted()).to.deep.equal([1, 2, 3]);
    expect(lines(dataset)).to.include.members([
      "Skipped 1 file linked in a circle: cat/circle",
      "Skipped 1 file linked to nothing: cat/gone.png",
    ]);
  });

  it("says what was laid over white, turned, or of one colour, and names a file that is another format", async () => {
    const clear = encodePng({
      width: 2,
      height: 2,
      depth: 8,
      colourType: 4,
      sample: (x, _y, c) => (c === 0 ? 0 : 255 * x),
    });
    const plain = jpeg.encode({ width: 4, height: 2, data: Buffer.alloc(32, 90) }, 90).data;
    await folder.put({ ...SCHEMA, ...split("train", 1), ...split("test", 3), "train/cat/c.png": clear });
    await folder.put({ "train/dog/t.jpg": withExif(plain, exifOf(8)) });
    expect(lines(await load()).slice(1)).to.deep.equal([
      "1 picture is transparent in part and laid over white: train/cat/c.png",
      "1 picture is turned as EXIF says: train/dog/t.jpg",
      "1 picture is of one colour throughout: train/dog/t.jpg",
    ]);
    await folder.put({ "train/cat/really.png": Buffer.from("RIFF0000WEBPVP8 ") });
    expect(await refusal()).to.include(
      "train/cat/really.png is not a readable picture: it is WebP, neither PNG nor JPEG",
    );
  });
});
