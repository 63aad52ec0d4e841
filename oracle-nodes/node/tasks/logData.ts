import type { Logger } from "pino";
import type { DatasetTerms } from "@concordat/protocol/manifest/datasetTerms";
import { reportLines } from "@concordat/learning/data/dataReport";
import type { Dataset, Split } from "@concordat/learning/data/dataset";

/** What the records of an update are drawn for, see `drawRecords`. */
export const TRAINING = "training";
/** Classes that a line of the log counts; more would be noise. */
const MOST_CLASSES = 20;

/** Logs what was left out or decided when the folder was read. */
export function logReport({ report }: Dataset, logger: Logger): void {
  for (const line of report === undefined ? [] : reportLines(report)) logger.info(`the data: ${line}`);
}

/** Logs when a node trains on fewer records than it has, with how many of each class it does. */
export function logDraw(
  { classes, classNames }: DatasetTerms,
  { labels }: Split,
  { of, train }: { readonly of: readonly number[]; readonly train: readonly number[] },
  logger: Logger,
): void {
  if (train.length === of.length) return;
  const counts: Record<string, number> = {};
  for (const index of train) {
    const label = labels[index] ?? 0;
    const name = classNames?.[label] ?? String(label);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const facts = { records: of.length, drawn: train.length, ...(isFew(classes) && { classes: counts }) };
  logger.info(
    facts,
    "the task's terms allow fewer samples than there are records: training on a draw of them",
  );
}

function isFew(classes: number): boolean {
  return classes > 1 && classes <= MOST_CLASSES;
}
