import { writeFile } from "node:fs/promises";
import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { reportLines } from "@concordat/learning/data/dataReport";
import { describeDataset, type ChannelRange } from "@concordat/learning/data/describeDataset";
import { pictureSheet } from "@concordat/learning/data/pictureSheet";
import { loadDataset } from "@concordat/learning/data/loadDataset";
import { pairs, print, printJson, table } from "@concordat/console/output";

export interface DataDescribeOptions {
  readonly dir: string;
  readonly sheet?: string;
  readonly json?: true;
}

/** Channels whose ranges are printed; more are in the JSON. */
const MOST_CHANNELS = 40;

/** `concordat data describe`. */
export async function runDataDescribe(name: string, options: DataDescribeOptions): Promise<void> {
  const dataset = await loadDataset(name as DatasetName, options.dir);
  const described = describeDataset(dataset);
  const picture = pictureSheet(dataset);
  const sheet = options.sheet ?? (options.json ? undefined : `${name}-sheet.png`);
  if (picture === undefined && options.sheet !== undefined) {
    throw new InputError(`The records of ${name} are not pictures`, { hint: "Leave --sheet out" });
  }
  const written = picture === undefined ? undefined : sheet;
  if (picture !== undefined && written !== undefined) await write(written, picture);
  if (options.json) return printJson({ ...described, ...(written !== undefined && { sheet: written }) });

  const { inputShape, train, test, classes, target, subjects, channels, digest } = described;
  print(
    pairs([
      ["dataset", name],
      ["shape of a record", inputShape.join(" x ")],
      ["training records", train],
      ["test records", test],
      ...(dataset.name === "image-folder" ? [["transparency", "laid over white"] as const] : []),
      ...(subjects === undefined ? [] : [["subjects", subjects] as const]),
      ["digest", digest],
    ]),
  );
  const right = (head: string) => ({ head, align: "right" as const });
  if (classes.length > 0) {
    const rows = classes.map((entry) => [entry.name, entry.train, entry.test]);
    print(`\n${table([{ head: "class" }, right("training"), right("test")], rows)}`);
  }
  const { report } = described;
  const lines = report === undefined ? [] : reportLines(report);
  if (lines.length > 0) print(`\n${lines.map((line) => `  ${line}`).join("\n")}`);
  const names = channelNames(dataset, channels.length);
  const ranges = [
    ...channels.slice(0, MOST_CHANNELS).map((range, i) => rangeRow(names[i] ?? String(i), range)),
    ...(target === undefined ? [] : [rangeRow("(to predict)", target)]),
  ];
  const columns = [{ head: "channel" }, right("least"), right("greatest"), right("mean"), right("deviation")];
  print(`\n${table(columns, ranges)}`);
  if (channels.length > MOST_CHANNELS) print(`  and ${channels.length - MOST_CHANNELS} more: see --json`);
  print(written === undefined ? "\nNo pictures, so no sheet" : `\nPictures of each class: ${written}`);
}

function rangeRow(name: string, { least, greatest, mean, deviation }: ChannelRange): string[] {
  return [
    name,
    ...[least, greatest, mean, deviation].map((value) => Number(value.toPrecision(4)).toString()),
  ];
}

/** What the channels are called, where that is known. */
function channelNames(dataset: Awaited<ReturnType<typeof loadDataset>>, count: number): string[] {
  if (dataset.name === "csv") {
    return dataset.columns.flatMap((column) =>
      column.kind === "numeric" ? [column.name] : column.values.map((value) => `${column.name} = ${value}`),
    );
  }
  if (dataset.inputShape.length !== 3) return Array.from({ length: count }, (_, i) => String(i));
  return count === 1 ? ["grey"] : ["red", "green", "blue"];
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    throw new InputError(`${file} cannot be written`, { hint: "Choose another place with --sheet", cause });
  }
}
