import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { unzipSync } from "fflate";
import type { SensorPosition } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import type { Dataset, Split } from "./dataset.ts";
import { SeededRandom } from "../seededRandom.ts";
import { readDecimal } from "./decimalNumber.ts";
import { REALWORLD_ACTIVITIES, realWorldTerms, WINDOW } from "./ownTerms.ts";
import { cutSegments, type Recording } from "./sensorWindows.ts";

const SUBJECTS = 15;
/** Of five folds drawn at random with the prototype's seed, four train and the last one tests (paper 1's prototype). */
const FOLDS = 5;
const FOLD_SEED = 42;

interface LabelledWindow {
  readonly window: Float32Array;
  readonly label: number;
  readonly subject: number;
}

/**
 * Loads RealWorld (HAR) 2016 (Sztyler and Stuckenschmidt 2016) in its official layout, proband1..15/data with a zip for each
 * sensor and activity, unpacked or not: accelerometer and gyroscope of one position at 50 Hz, windows of 128 samples in six
 * channels, eight activities. What a person did not record is absent. Whole segments go to one fold, so that no test
 * window overlaps a training window.
 * @throws {InputError} when nothing is found, or a file is damaged or foreign.
 */
export async function loadRealWorldHar(position: SensorPosition, directory: string): Promise<Dataset> {
  const train: LabelledWindow[] = [];
  const test: LabelledWindow[] = [];
  for (let subject = 1; subject <= SUBJECTS; subject++) {
    const files = await sensorFiles(directory, subject, position);
    const segments = REALWORLD_ACTIVITIES.flatMap((activity, label) =>
      segmentsOf(files, activity, position).map((windows) =>
        windows.map((window) => ({ window, label, subject })),
      ),
    );
    const order = new SeededRandom(FOLD_SEED, "realworld-har", subject).shuffle(
      segments.map((_segment, i) => i),
    );
    const first = Math.ceil((segments.length * (FOLDS - 1)) / FOLDS);
    order.forEach((segment, i) => (i < first ? train : test).push(...(segments[segment] ?? [])));
  }
  if (train.length === 0) {
    throw new InputError(
      `No acc_*_${position}.csv with Gyroscope_*_${position}.csv in ${directory}/proband1..15/data`,
      {
        hint: "Give the folder of the official data, its zips unpacked or not",
      },
    );
  }
  return {
    ...realWorldTerms(position),
    train: splitOf(train),
    test: splitOf(test),
  };
}

function splitOf(windows: readonly LabelledWindow[]): Split {
  const size = WINDOW * 6;
  const features = new Float32Array(windows.length * size);
  windows.forEach(({ window }, i) => features.set(window, i * size));
  return {
    features,
    labels: Uint8Array.from(windows, ({ label }) => label),
    subjects: Uint16Array.from(windows, ({ subject }) => subject),
    count: windows.length,
  };
}

/** A person's segments of an activity, of every part in which both sensors were recorded. */
function segmentsOf(
  files: ReadonlyMap<string, { path: string; bytes: Uint8Array }>,
  activity: string,
  position: SensorPosition,
): Float32Array[][] {
  const parts = ["", "_1", "_2", "_3"];
  return parts.flatMap((part) => {
    const both = ["acc", "Gyroscope"].map((sensor) =>
      files.get(`${sensor}_${activity}${part}_${position}.csv`),
    );
    const recordings = both.flatMap((file) =>
      file === undefined ? [] : [parseRecording(file.path, file.bytes)],
    );
    return recordings.length === 2 ? cutSegments(recordings) : [];
  });
}

/** All of a person's files of one position by name, out of folders and of zips within zips. */
async function sensorFiles(
  directory: string,
  subject: number,
  position: SensorPosition,
): Promise<Map<string, { path: string; bytes: Uint8Array }>> {
  const found = new Map<string, { path: string; bytes: Uint8Array }>();
  const take = (path: string, bytes: Uint8Array): void => {
    if (path.endsWith(`_${position}.csv`)) found.set(basename(path), { path, bytes });
    if (!/(acc|gyr)_[a-z0-9_]*csv\.zip$/i.test(path)) return;
    for (const [name, content] of Object.entries(unzip(path, bytes, position)))
      take(`${path}/${name}`, content);
  };
  for (const folder of [
    join(directory, "realworld-har"),
    join(directory, "realworld2016_dataset"),
    directory,
  ]) {
    const data = join(folder, `proband${subject}`, "data");
    for (const name of await filesIn(data)) {
      if (name.endsWith(`_${position}.csv`) || /(^|\/)(acc|gyr)_[^/]*\.zip$/.test(name)) {
        take(join(data, name), await readFile(join(data, name)));
      }
    }
    if (found.size > 0) break;
  }
  return found;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder, { recursive: true })).toSorted();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
      return [];
    throw new InputError(`${folder} cannot be read`, { hint: "Check the folder and its rights", cause });
  }
}

function unzip(path: string, bytes: Uint8Array, position: SensorPosition): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, {
      filter: ({ name }) => name.endsWith(`_${position}.csv`) || name.endsWith(".zip"),
    });
  } catch (cause) {
    throw new InputError(`${path} is a truncated or damaged zip file`, { hint: "Download it again", cause });
  }
}

/** Parses id, attr_time (ms), attr_x, attr_y, attr_z with a header, and puts the samples in the order of time. */
function parseRecording(path: string, bytes: Uint8Array): Recording {
  const [header = "", ...lines] = Buffer.from(bytes).toString("latin1").trim().split("\n");
  const columns = header
    .trim()
    .split(",")
    .map((name) => name.replaceAll('"', ""));
  const places = ["attr_time", "attr_x", "attr_y", "attr_z"].map((name) => columns.indexOf(name));
  if (places.includes(-1)) {
    throw new InputError(`${path} has no columns attr_time, attr_x, attr_y and attr_z`, {
      hint: "Give the official file",
    });
  }
  const samples = lines.map((line, i) => {
    const words = line.split(",");
    const sample = places.flatMap((place) => {
      const found = readDecimal(words[place]?.trim() ?? "");
      return "value" in found ? [found.value] : [];
    });
    if (sample.length === places.length) return sample;
    throw new InputError(`${path}: line ${i + 2} is not five numbers`, {
      hint: "It is truncated: download it again",
    });
  });
  samples.sort(([a = 0], [b = 0]) => a - b);
  return {
    times: Float64Array.from(samples, ([time = 0]) => time),
    values: Float32Array.from(samples.flatMap(([, ...axes]) => axes)),
  };
}
