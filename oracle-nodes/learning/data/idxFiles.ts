import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { type DataFile, requireDataFile } from "./dataFile.ts";
import type { Dataset, Split } from "./dataset.ts";
import { OFFICIAL_TERMS } from "./officialTerms.ts";

const IMAGES_MAGIC = 0x0000_0803;
const LABELS_MAGIC = 0x0000_0801;
const SIZE = 28;

/**
 * Loads MNIST or Fashion-MNIST from the four official IDX files (big-endian: magic, counts, then bytes), which have the same
 * names in both. A folder of the dataset's name comes first, so that both can stand in one place.
 * @throws {InputError} when a file is missing, truncated, foreign, or swapped with another.
 */
export async function loadIdxDataset(name: "mnist" | "fashion-mnist", directory: string): Promise<Dataset> {
  const directories = [join(directory, name), directory];
  return {
    ...OFFICIAL_TERMS[name],
    train: await loadSplit(directories, "train"),
    test: await loadSplit(directories, "t10k"),
  };
}

async function loadSplit(directories: readonly string[], prefix: "train" | "t10k"): Promise<Split> {
  const imagesFile = await requireDataFile(directories, idxNames(`${prefix}-images`, 3));
  const labelsFile = await requireDataFile(directories, idxNames(`${prefix}-labels`, 1));
  const images = parseImages(imagesFile);
  const labels = parseLabels(labelsFile);
  const count = images.length / (SIZE * SIZE);
  if (labels.length !== count) {
    throw new InputError(
      `${imagesFile.path} has ${count} images but ${labelsFile.path} has ${labels.length} labels`,
      {
        hint: "Give images and labels of the same split",
      },
    );
  }
  return { features: images, labels, count };
}

const idxNames = (stem: string, dimensions: number) => [
  `${stem}-idx${dimensions}-ubyte`,
  `${stem}.idx${dimensions}-ubyte`,
];

function parseImages({ path, bytes }: DataFile): Uint8Array {
  checkMagic(path, bytes, IMAGES_MAGIC, "images");
  if (bytes.length < 16) throw truncated(path, 16, bytes.length);
  const [count, height, width] = [bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
  if (height !== SIZE || width !== SIZE) {
    throw new InputError(`${path} has images of ${height} x ${width} pixels, not ${SIZE} x ${SIZE}`, {
      hint: "Give the official file",
    });
  }
  return body(path, bytes, 16, count, SIZE * SIZE);
}

function parseLabels({ path, bytes }: DataFile): Uint8Array {
  checkMagic(path, bytes, LABELS_MAGIC, "labels");
  if (bytes.length < 8) throw truncated(path, 8, bytes.length);
  const labels = body(path, bytes, 8, bytes.readUInt32BE(4), 1);
  const bad = labels.findIndex((label) => label > 9);
  if (bad >= 0) {
    throw new InputError(`${path}: label ${bad} is ${labels[bad]}, not 0 to 9`, {
      hint: "Give the official file",
    });
  }
  return labels;
}

function checkMagic(path: string, bytes: Buffer, expected: number, what: "images" | "labels"): void {
  const magic = bytes.length < 4 ? undefined : bytes.readUInt32BE(0);
  if (magic === expected) return;
  if (magic === IMAGES_MAGIC || magic === LABELS_MAGIC) {
    const found = magic === IMAGES_MAGIC ? "images" : "labels";
    throw new InputError(`${path} holds ${found}, not ${what}`, {
      hint: "Images and labels are swapped: rename them",
    });
  }
  throw new InputError(`${path} is not an IDX file of ${what}`, {
    hint: "Give the official file, gzipped or not",
  });
}

function body(path: string, bytes: Buffer, header: number, count: number, itemBytes: number): Uint8Array {
  const expected = header + count * itemBytes;
  if (count === 0) throw new InputError(`${path} is empty`, { hint: "Give the official file" });
  if (bytes.length < expected) throw truncated(path, expected, bytes.length);
  if (bytes.length > expected) {
    throw new InputError(`${path} has ${bytes.length} bytes, but its header says ${expected}`, {
      hint: "Give the official file",
    });
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset + header, count * itemBytes);
}

function truncated(path: string, expected: number, found: number): InputError {
  return new InputError(`${path} is truncated: ${found} of ${expected} bytes`, { hint: "Download it again" });
}
