import type { Dataset, Split } from "./dataset.ts";
import type { DataReport } from "./dataReport.ts";
import { datasetDigest } from "./datasetDigest.ts";

/** Least, greatest and mean value of a channel of the training file, and its standard deviation, in the file's unit. */
export interface ChannelRange {
  readonly least: number;
  readonly greatest: number;
  readonly mean: number;
  readonly deviation: number;
}

/** What a dataset holds. */
export interface DatasetDescription {
  readonly name: string;
  readonly inputShape: readonly number[];
  readonly train: number;
  readonly test: number;
  /** Of the training and the test file by class; empty for a number to predict. */
  readonly classes: readonly { readonly name: string; readonly train: number; readonly test: number }[];
  /** The number to predict, in the unit that models see. */
  readonly target?: ChannelRange;
  readonly subjects?: number;
  readonly channels: readonly ChannelRange[];
  readonly digest: string;
  /** What was left out or decided when the folder was read, where anything was. */
  readonly report?: DataReport;
}

/** Counts classes and measures ranges. */
export function describeDataset(dataset: Dataset): DatasetDescription {
  const { name, inputShape, classes, classNames, train, test } = dataset;
  const counts = (split: Split): number[] => {
    const found = Array.from({ length: classes }, () => 0);
    split.labels.forEach((label) => (found[label] = (found[label] ?? 0) + 1));
    return found;
  };
  const [inTrain, inTest] = [counts(train), counts(test)];
  const channels = inputShape.at(-1) ?? 1;
  const persons = [train, test].flatMap(({ subjects = [] }) => [...subjects]);
  return {
    name,
    inputShape,
    train: train.count,
    test: test.count,
    classes:
      classes === 1
        ? []
        : inTrain.map((count, label) => ({
            name: classNames?.[label] ?? String(label),
            train: count,
            test: inTest[label] ?? 0,
          })),
    ...(train.targets !== undefined && { target: rangeOf(train.targets, 0, 1) }),
    ...(persons.length > 0 && { subjects: new Set(persons).size }),
    channels: Array.from({ length: channels }, (_, channel) => rangeOf(train.features, channel, channels)),
    digest: datasetDigest(dataset),
    ...(dataset.report !== undefined && { report: dataset.report }),
  };
}

/** Of every `step`th value from the first on. */
function rangeOf(values: ArrayLike<number>, first: number, step: number): ChannelRange {
  let [least, greatest, sum, squares, count] = [Infinity, -Infinity, 0, 0, 0];
  for (let i = first; i < values.length; i += step) {
    const value = values[i] ?? 0;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
    sum += value;
    count++;
  }
  const mean = sum / count;
  for (let i = first; i < values.length; i += step) squares += ((values[i] ?? 0) - mean) ** 2;
  return { least, greatest, mean, deviation: Math.sqrt(squares / count) };
}
