import { join } from "node:path";
import { InputError } from "../../../protocol/errors.ts";
import { type DataFile, findDataFile, requireDataFile } from "./dataFile.ts";
import { OFFICIAL_TERMS } from "./data/officialTerms.ts";
import type { Dataset, Split } from "./dataset.ts";

const SIZE = 32;
const CHANNELS = 3;
const PIXELS = SIZE * SIZE;
const IMAGE_BYTES = PIXELS * CHANNELS;
/** One label byte, then the red, the green and the blue plane. */
const RECORD_BYTES = 1 + IMAGE_BYTES;

/**
 * Loads CIFAR-10 from its official binary files: every data_batch_1..5.bin that is there, and test_batch.bin.
 * @throws {InputError} when a file is missing, truncated or foreign.
 */
export async function loadCifar10(directory: string): Promise<Dataset> {
  const directories = [directory, join(directory, "cifar10"), join(directory, "cifar-10-batches-bin")];
  const batches: DataFile[] = [];
  for (const number of [1, 2, 3, 4, 5]) {
    const batch = await findDataFile(directories, [`data_batch_${number}.bin`]);
    if (batch !== undefined) batches.push(batch);
  }
  if (batches.length === 0) {
    throw new InputError(`No data_batch_1.bin to data_batch_5.bin in ${directory}`, {
      hint: "Put the official binary files there, gzipped or not; one training batch is enough",
    });
  }
  return {
    ...OFFICIAL_TERMS.cifar10,
    train: parseBatches(batches),
    test: parseBatches([await requireDataFile(directories, ["test_batch.bin"])]),
  };
}

function parseBatches(files: readonly DataFile[]): Split {
  const count = files.reduce((sum, file) => sum + recordCount(file), 0);
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  let image = 0;
  for (const { path, bytes } of files) {
    for (let start = 0; start < bytes.length; start += RECORD_BYTES, image++) {
      const label = bytes.readUInt8(start);
      if (label > 9) {
        throw new InputError(
          `${path}: record ${start / RECORD_BYTES} has label ${label}, CIFAR-10 has 0 to 9`,
          {
            hint: "Give the official binary file",
          },
        );
      }
      labels[image] = label;
      interleave(bytes, start + 1, images, image * IMAGE_BYTES);
    }
  }
  return { features: images, labels, count };
}

function recordCount({ path, bytes }: DataFile): number {
  if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0) {
    throw new InputError(
      `${path} has ${bytes.length} bytes, not a whole number of records of ${RECORD_BYTES}`,
      {
        hint: "It is truncated or not a CIFAR-10 binary file: download it again",
      },
    );
  }
  return bytes.length / RECORD_BYTES;
}

/** Turns the planes of one record, [channel, row, column], into [row, column, channel]. */
function interleave(planes: Uint8Array, from: number, pixels: Uint8Array, to: number): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      pixels[to + pixel * CHANNELS + channel] = planes[from + channel * PIXELS + pixel] ?? 0;
    }
  }
}
