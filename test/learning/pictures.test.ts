import { expect } from "chai";
import { decode as decodeElsewhere } from "fast-png";
import jpeg from "jpeg-js";
import type { DatasetTerms } from "#protocol/manifest/datasetTerms";
import { imageFolderTerms } from "#learning/data/ownTerms";
import { decodePicture, fitPicture } from "#learning/data/picture";
import { exifOrientation } from "#learning/data/pictures/exif";
import { decodePng } from "#learning/data/pictures/png";
import { loadDataset } from "#learning/data/loadDataset";
import { SeededRandom } from "#learning/seededRandom";
import { batchMaker, samplerFor } from "#learning/data/samples";
import { imageRecord } from "#frontend/pages/model/readRecord.ts";
import { dataFolder, inputError } from "./dataFolder.ts";
import { chunk, encodePng, exifOf, type PngParts, withExif } from "./pngEncoder.ts";

const KINDS = [
  { colourType: 0, depths: [1, 2, 4, 8, 16], samples: 1 },
  { colourType: 2, depths: [8, 16], samples: 3 },
  { colourType: 3, depths: [1, 2, 4, 8], samples: 1 },
  { colourType: 4, depths: [8, 16], samples: 2 },
  { colourType: 6, depths: [8, 16], samples: 4 },
] as const;

/** Samples that differ from pixel to pixel and fit a depth. */
function noise(width: number, height: number, depth: number, seed: number): PngParts["sample"] {
  const random = new SeededRandom(seed, "png", width, height, depth);
  const values = Array.from({ length: width * height * 4 }, () => random.below(2 ** depth));
  return (x, y, channel) => values[(y * width + x) * 4 + channel] ?? 0;
}

describe("a PNG", function () {
  this.timeout(60_000);
  const palette = Array.from({ length: 256 }, (_, i) => [i, (i * 7) & 255, 255 - i]);

  it("of every colour type, depth, filter and size has its pixels, interlaced or not", () => {
    for (const { colourType, depths, samples } of KINDS) {
      for (const depth of depths) {
        for (const isInterlaced of [false, true]) {
          for (const [width, height] of [
            [1, 1],
            [2, 5],
            [3, 1],
            [7, 9],
            [16, 16],
            [19, 33],
          ] as const) {
            const sample = noise(width, height, depth, 1);
            const colours = palette.slice(0, 2 ** depth);
            const bytes = encodePng({
              width,
              height,
              depth,
              colourType,
              isInterlaced,
              sample,
              ...(colourType === 3 && { palette: colours }),
            });
            const { picture } = decodePng(bytes);
            const scale = (value: number) => (depth === 16 ? value >> 8 : (value * 255) / (2 ** depth - 1));
            const expected: number[] = [];
            for (let y = 0; y < height; y++)
              for (let x = 0; x < width; x++)
                if (colourType === 3) expected.push(...(colours[sample(x, y, 0)] ?? []));
                else for (let c = 0; c < samples; c++) expected.push(scale(sample(x, y, c)));
            const what = `type ${colourType}, ${depth} bits, ${width} x ${height}, ${isInterlaced}`;
            expect([picture.width, picture.height, picture.channels], what).to.deep.equal([
              width,
              height,
              colourType === 3 ? 3 : samples,
            ]);
            expect([...picture.data], what).to.deep.equal(expected);
            // Another decoder reads the same, where it can: that the encoder is right.
            if (depth < 8 && (isInterlaced || colourType === 3)) continue;
            const other = decodeElsewhere(bytes, { checkCrc: true });
            if (depth >= 8 && colourType !== 3)
              expect(
                [...other.data].map((value) => (depth === 16 ? value >> 8 : value)),
                what,
              ).to.deep.equal(expected);
          }
        }
      }
    }
  });

  it("is laid over white where it is transparent: by alpha, by palette, by one colour", () => {
    const two = { width: 2, height: 1 } as const;
    const shown = (parts: PngParts) => {
      const { channels, data, isTransparent } = decodePicture(encodePng(parts));
      return { channels, data: [...data], isTransparent };
    };
    const rgba = [
      [10, 20, 30, 0],
      [10, 20, 30, 128],
    ];
    expect(shown({ ...two, depth: 8, colourType: 6, sample: (x, _y, c) => rgba[x]?.[c] ?? 0 })).to.deep.equal(
      {
        channels: 3,
        data: [255, 255, 255, 132, 137, 142],
        isTransparent: true,
      },
    );
    const grey = [
      [7, 255],
      [7, 51],
    ];
    expect(shown({ ...two, depth: 8, colourType: 4, sample: (x, _y, c) => grey[x]?.[c] ?? 0 })).to.deep.equal(
      {
        channels: 1,
        data: [7, 205],
        isTransparent: true,
      },
    );
    const indexed = {
      ...two,
      depth: 1,
      colourType: 3,
      palette: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    } as const;
    const byIndex = (x: number) => x;
    expect(shown({ ...indexed, sample: byIndex, transparency: Uint8Array.of(0) }).data).to.deep.equal([
      255, 255, 255, 4, 5, 6,
    ]);
    const clear = { ...two, depth: 16, colourType: 2, sample: (x: number) => 0x1234 + x } as const;
    const colour = Uint8Array.of(0x12, 0x34, 0x12, 0x34, 0x12, 0x34);
    expect(shown({ ...clear, transparency: colour }).data).to.deep.equal([255, 255, 255, 0x12, 0x12, 0x12]);
    const opaque = shown({ ...two, depth: 8, colourType: 6, sample: () => 255 });
    expect(opaque.isTransparent).to.equal(false);
  });

  it("that is damaged, cut short or too large is refused with the reason", () => {
    const sample = noise(9, 9, 8, 2);
    const parts = { width: 9, height: 9, depth: 8, colourType: 2, sample } as const;
    const good = encodePng(parts);
    const reason = (bytes: Uint8Array): string => {
      try {
        decodePng(bytes);
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
      return "";
    };
    expect(reason(good)).to.equal("");
    for (let length = 8; length < good.length; length++)
      expect(reason(good.subarray(0, length)), `${length}`).to.not.equal("");
    for (let i = 8; i < good.length; i++)
      expect(reason(good.map((byte, at) => (at === i ? byte ^ 4 : byte))), `byte ${i}`).to.not.equal("");
    const header = (width: number, height: number, ...rest: number[]) => {
      const data = new Uint8Array(13);
      new DataView(data.buffer).setUint32(0, width);
      new DataView(data.buffer).setUint32(4, height);
      data.set(rest, 8);
      return Buffer.concat([good.subarray(0, 8), chunk("IHDR", data), good.subarray(33)]);
    };
    expect(reason(header(100_000, 100_000, 8, 2, 0, 0, 0))).to.include("more than 100 million");
    expect(reason(header(0, 5, 8, 2, 0, 0, 0))).to.include("no pixels");
    expect(reason(header(9, 90, 8, 2, 0, 0, 0))).to.include("cut short");
    expect(reason(header(9, 9, 4, 2, 0, 0, 0))).to.include("header");
    expect(reason(header(9, 9, 8, 3, 0, 0, 0))).to.include("no palette");
    const secret = Buffer.concat([good.subarray(0, 33), chunk("SECR", new Uint8Array()), good.subarray(33)]);
    expect(reason(secret)).to.include("an unknown part SECR");
    const few = {
      width: 2,
      height: 1,
      depth: 2,
      colourType: 3,
      sample: () => 3,
      palette: [[1, 2, 3]],
    } as const;
    expect(reason(encodePng(few))).to.include("its palette lacks");
  });
});

/** 3 x 2 pixels, each of its own grey: a b c over d e f, large enough for a JPEG to keep them apart. */
const LETTERS = ["abc", "def"];
const SHADES: Readonly<Record<string, number>> = { a: 0, b: 50, c: 100, d: 150, e: 200, f: 250 };
/** What each orientation shows of it (EXIF 2.32, Orientation). */
const SEEN = ["", "abc/def", "cba/fed", "fed/cba", "def/abc", "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"];

function lettersOf(bytes: Uint8Array, tile: number): string {
  const picture = decodePicture(bytes);
  const rows: string[] = [];
  for (let y = tile >> 1; y < picture.height; y += tile) {
    let row = "";
    for (let x = tile >> 1; x < picture.width; x += tile) {
      const grey = picture.data[(y * picture.width + x) * picture.channels] ?? -1;
      row += Object.keys(SHADES).find((letter) => Math.abs((SHADES[letter] ?? 0) - grey) < 20) ?? "?";
    }
    rows.push(row);
  }
  return rows.join("/");
}

const shadeAt = (x: number, y: number, tile: number) =>
  SHADES[LETTERS[Math.floor(y / tile)]?.[Math.floor(x / tile)] ?? ""] ?? 0;
let letters: Uint8Array | undefined;
function letterJpeg(): Uint8Array {
  letters ??= encodeLetters();
  return letters;
}
const encodeLetters = (): Uint8Array => {
  const [width, height] = [24, 16];
  const data = Buffer.from(
    Array.from({ length: width * height }, (_, i) => {
      const shade = shadeAt(i % width, Math.floor(i / width), 8);
      return [shade, shade, shade, 255];
    }).flat(),
  );
  return jpeg.encode({ width, height, data }, 100).data;
};

describe("an orientation", function () {
  this.timeout(30_000);
  it("is obeyed in JPEG and PNG, all eight of them, in either byte order", () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      for (const order of ["II", "MM"] as const) {
        for (const type of [3, 4]) {
          const exif = exifOf(orientation, order, type);
          expect(lettersOf(withExif(letterJpeg(), exif), 8), `JPEG ${orientation}`).to.equal(
            SEEN[orientation],
          );
          const sample = (x: number, y: number) => shadeAt(x, y, 1);
          const png = encodePng({ width: 3, height: 2, depth: 8, colourType: 0, sample, exif });
          expect(lettersOf(png, 1), `PNG ${orientation}`).to.equal(SEEN[orientation]);
        }
      }
    }
  });

  it("that is none, or damaged, leaves the picture as it is", () => {
    const good = exifOf(6, "II");
    for (const bad of [0, 9, 65_535]) expect(exifOrientation(exifOf(bad))).to.equal(1);
    for (let length = 0; length < 34; length++) expect(exifOrientation(good.subarray(0, length))).to.equal(1);
    const random = new SeededRandom(3, "exif");
    for (let i = 0; i < 2000; i++) {
      const bytes = good.map((byte) => (random.below(4) === 0 ? random.below(256) : byte));
      expect(exifOrientation(bytes)).to.be.within(1, 8);
    }
    expect(lettersOf(letterJpeg(), 8)).to.equal("abc/def");
  });
});

describe("a JPEG", function () {
  this.timeout(30_000);
  it("that is cut short anywhere is refused, not filled up with grey", () => {
    const good = withExif(letterJpeg(), exifOf(1));
    for (let length = 2; length < good.length - 1; length += 7) {
      expect(() => decodePicture(good.subarray(0, length)), `${length}`).to.throw(Error);
    }
    // What cameras and shops put behind the end is no fault.
    expect(lettersOf(Buffer.concat([good, Buffer.from("trailer")]), 8)).to.equal("abc/def");
  });
});

describe("a picture in the page", function () {
  this.timeout(30_000);
  const folder = dataFolder();

  it("is to the model, bit for bit, what it is at a node", async () => {
    const transparent = encodePng({
      width: 9,
      height: 13,
      depth: 8,
      colourType: 6,
      sample: noise(9, 13, 8, 5),
    });
    const turned = withExif(letterJpeg(), exifOf(6));
    const interlaced = encodePng({
      width: 21,
      height: 6,
      depth: 2,
      colourType: 0,
      isInterlaced: true,
      sample: noise(21, 6, 2, 6),
    });
    const files = { "a/0.png": transparent, "b/1.jpg": turned, "b/2.png": interlaced };
    for (const channels of [1, 3]) {
      await folder.put({
        ...Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`train/${name}`, bytes])),
        "test/a/0.png": transparent,
        "schema.json": JSON.stringify({ inputShape: [8, 8, channels] }),
      });
      const dataset = await loadDataset("image-folder", folder.path);
      const batch = batchMaker(samplerFor(dataset, dataset.train, [0, 1, 2])(dataset.train, [0, 1, 2]))([
        0, 1, 2,
      ]);
      const size = 64 * channels;
      for (const [i, bytes] of Object.values(files).entries()) {
        const record = await imageRecord(new Blob([Uint8Array.from(bytes)]), dataset);
        expect([...record]).to.deep.equal([...batch.inputs.subarray(i * size, (i + 1) * size)]);
      }
    }
  });

  it("that is damaged is refused with the reason", async () => {
    const terms: DatasetTerms = imageFolderTerms(["a", "b"], [4, 4, 1]);
    const png = encodePng({ width: 4, height: 4, depth: 8, colourType: 0, sample: () => 5 });
    const error = await inputError(imageRecord(new Blob([Uint8Array.from(png.subarray(0, 60))]), terms));
    expect(error.message).to.equal("This image cannot be read: it is cut short");
  });

  it("keeps its colour when it is scaled, for it was laid over white before", () => {
    const parts = { width: 2, height: 1, depth: 8, colourType: 4 } as const;
    const half = encodePng({ ...parts, sample: (x, _y, c) => (c === 1 && x === 1 ? 0 : c === 1 ? 255 : 0) });
    expect([...fitPicture(decodePicture(half), 1, 1, 1)]).to.deep.equal([128]);
  });
});
