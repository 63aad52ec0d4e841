import { join } from "node:path";
import { InputError } from "@concordat/protocol/errors";
import { requireDataFile } from "./dataFile.ts";
import type { Dataset, Split } from "./dataset.ts";
import { OFFICIAL_TERMS } from "./officialTerms.ts";
import { parseNumberLines, parseWholeNumbers } from "./textColumns.ts";

/** Samples of one window: 2.56 s at 50 Hz. */
const STEPS = 128;
const SUBJECTS = 30;
/** The channels of a window, in order: acceleration without and with gravity in g, angular velocity in rad/s. */
const SIGNALS = ["body_acc", "body_gyro", "total_acc"].flatMap((signal) =>
  ["x", "y", "z"].map((axis) => `${signal}_${axis}`),
);

/**
 * Loads the inertial signals of "Human Activity Recognition Using Smartphones" (Anguita et al. 2013) from the official
 * folder "UCI HAR Dataset": windows of 128 samples in 9 channels, six activities, 30 persons; those of the test split are
 * not in the training split.
 * @throws {InputError} when a file is missing, truncated, foreign, or does not fit its neighbours.
 */
export async function loadUciHar(directory: string): Promise<Dataset> {
  const here = [join(directory, "uci-har"), directory];
  const folders = here.flatMap((folder) => [join(folder, "UCI HAR Dataset"), folder]);
  return {
    ...OFFICIAL_TERMS["uci-har"],
    train: await loadSplit(folders, "train"),
    test: await loadSplit(folders, "test"),
  };
}

async function loadSplit(folders: readonly string[], split: "train" | "test"): Promise<Split> {
  const inSplit = folders.map((folder) => join(folder, split));
  const labelFile = await requireDataFile(inSplit, [`y_${split}.txt`]);
  const activities = parseWholeNumbers(labelFile, 1, OFFICIAL_TERMS["uci-har"].classes);
  const count = activities.length;
  const checkCount = (path: string, found: number): void => {
    if (found === count) return;
    throw new InputError(`${path} has ${found} records but ${labelFile.path} has ${count}`, {
      hint: "Give all files of the same split",
    });
  };
  const subjectFile = await requireDataFile(inSplit, [`subject_${split}.txt`]);
  const subjects = parseWholeNumbers(subjectFile, 1, SUBJECTS);
  checkCount(subjectFile.path, subjects.length);

  const features = new Float32Array(count * STEPS * SIGNALS.length);
  const inSignals = inSplit.map((folder) => join(folder, "Inertial Signals"));
  for (const [channel, signal] of SIGNALS.entries()) {
    const file = await requireDataFile(inSignals, [`${signal}_${split}.txt`]);
    const values = parseNumberLines(file, STEPS);
    checkCount(file.path, values.length / STEPS);
    values.forEach((value, sample) => (features[sample * SIGNALS.length + channel] = value));
  }
  return { features, labels: Uint8Array.from(activities, (activity) => activity - 1), subjects, count };
}
