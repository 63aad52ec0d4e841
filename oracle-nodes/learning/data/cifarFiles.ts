import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { type DataFile, findDataFile, requireDataFile } from "./dataFile.ts";
import type { Dataset, Split } from "./dataset.ts";
import { OFFICIAL_TERMS } from "./officialTerms.ts";

const SIZE = 32;
const CHANNELS = 3;
const PIXELS = SIZE * SIZE;
const IMAGE_BYTES = PIXELS * CHANNELS;

/** What stands before the red, the green and the blue plane of a record: one byte for each kind of label. */
interface RecordFormat {
  readonly title: string;
  /** Labels of each kind, in order; the last one is what is learnt. */
  readonly labels: readonly number[];
}
const CIFAR10: RecordFormat = { title: "CIFAR-10", labels: [10] };
/** The coarse label (superclass), then the fine one. */
const CIFAR100: RecordFormat = { title: "CIFAR-100", labels: [20, 100] };

/**
 * Loads CIFAR-10 from its official binary files: every data_batch_1..5.bin that is there, and test_batch.bin.
 * @throws {InputError} when a file is missing, truncated or foreign.
 */
export async function loadCifar10(directory: string): Promise<Dataset> {
  const directories = [join(directory, "cifar10"), join(directory, "cifar-10-batches-bin"), directory];
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
    train: parseRecords(batches, CIFAR10),
    test: parseRecords([await requireDataFile(directories, ["test_batch.bin"])], CIFAR10),
  };
}

/**
 * Loads CIFAR-100 with its fine labels from its official binary files, train.bin and test.bin.
 * @throws {InputError} when a file is missing, truncated or foreign.
 */
export async function loadCifar100(directory: string): Promise<Dataset> {
  const directories = [join(directory, "cifar100"), join(directory, "cifar-100-binary"), directory];
  return {
    ...OFFICIAL_TERMS.cifar100,
    train: parseRecords([await requireDataFile(directories, ["train.bin"])], CIFAR100),
    test: parseRecords([await requireDataFile(directories, ["test.bin"])], CIFAR100),
  };
}

function parseRecords(files: readonly DataFile[], format: RecordFormat): Split {
  const recordBytes = format.labels.length + IMAGE_BYTES;
  const count = files.reduce((sum, file) => sum + recordCount(file, recordBytes, format), 0);
  const features = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  let image = 0;
  for (const { path, bytes } of files) {
    for (let start = 0; start < bytes.length; start += recordBytes, image++) {
      format.labels.forEach((classes, kind) => {
        const label = bytes.readUInt8(start + kind);
        if (label >= classes) {
          throw new InputError(
            `${path}: record ${start / recordBytes} has label ${label}, but ${format.title} has 0 to ${classes - 1}`,
            { hint: "Give the official binary file" },
          );
        }
        labels[image] = label;
      });
      interleave(bytes, start + format.labels.length, features, image * IMAGE_BYTES);
    }
  }
  return { features, labels, count };
}

function recordCount({ path, bytes }: DataFile, recordBytes: number, { title }: RecordFormat): number {
  if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
    throw new InputError(
      `${path} has ${bytes.length} bytes, not a whole number of records of ${recordBytes}`,
      { hint: `It is truncated or not a ${title} binary file: download it again` },
    );
  }
  return bytes.length / recordBytes;
}

/** Turns the planes of one record, [channel, row, column], into [row, column, channel]. */
function interleave(planes: Uint8Array, from: number, pixels: Uint8Array, to: number): void {
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      pixels[to + pixel * CHANNELS + channel] = planes[from + channel * PIXELS + pixel] ?? 0;
    }
  }
}
