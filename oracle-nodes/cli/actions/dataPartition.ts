import { writeFile } from "node:fs/promises";
import type { DatasetName } from "@concordat/protocol/manifest/datasetTerms";
import { InputError } from "@concordat/protocol/errors";
import { reportLines } from "@concordat/learning/data/dataReport";
import { loadDataset } from "@concordat/learning/data/loadDataset";
import { partition } from "@concordat/learning/partition/partition";
import { type NodePartition } from "@concordat/learning/partition/nodePartition";
import { encodePartition } from "@concordat/learning/data/partitionFile";
import { type PartitionSpec, partitionSpecSchema } from "@concordat/learning/partition/scheme";
import { note, print, printJson, table } from "@concordat/console/output";

export interface DataPartitionOptions {
  readonly dir: string;
  readonly out: string;
  readonly kind: string;
  readonly nodes: number;
  readonly seed: number;
  readonly json?: true;
  /** The options of the kind. */
  readonly [option: string]: unknown;
}

/** `concordat data partition`. */
export async function runDataPartition(name: string, options: DataPartitionOptions): Promise<void> {
  const { dir, out, json } = options;
  const spec = partitionSpec(options);
  const dataset = await loadDataset(name as DatasetName, dir);
  if (dataset.report !== undefined) reportLines(dataset.report).forEach(note);
  const parts = partition({ dataset, ...spec });
  try {
    await writeFile(out, encodePartition(dataset, spec, parts), { flag: "wx" });
  } catch (cause) {
    throw new InputError(`${out} already exists or cannot be written`, {
      hint: "Choose another file with --out",
      cause,
    });
  }
  const { digest, nodes } = parts;
  if (json) return printJson({ out, digest, nodes: nodes.map(summary) });
  const right = (head: string) => ({ head, align: "right" as const });
  const [first] = nodes;
  const skews = (first?.skewed ?? []).map(({ levelBps }) => right(`skew ${levelBps / 100} %`));
  print(
    table(
      [right("node"), right("training"), right("validation"), right("test"), ...skews, { head: "classes" }],
      nodes.map(({ node, train, validation, test, skewed, classes }) => [
        node,
        train.length,
        validation.length,
        test.length,
        ...skewed.map(({ shareBps }) => `${(shareBps / 100).toFixed(1)} %`),
        dataset.classes === 1 ? "" : classesInWords(classes, dataset.classes),
      ]),
    ),
  );
  if (skews.length > 0)
    print("  Below each nominal skew is the true share of other classes in that test split.");
  print(`\n${out}: ${digest}`);
}

function summary({ node, train, validation, test, skewed, classes }: NodePartition) {
  const shares = skewed.map(({ levelBps, shareBps }) => ({ levelBps, shareBps }));
  return {
    node,
    train: train.length,
    validation: validation.length,
    test: test.length,
    classes,
    skewed: shares,
  };
}

function classesInWords(classes: readonly number[], all: number): string {
  return classes.length === all
    ? "all"
    : classes.length > 20
      ? `${classes.length} of ${all}`
      : classes.join(" ");
}

/** The partition that the options state. @throws {InputError} for an option that the kind does not have, or lacks. */
function partitionSpec({
  dir: _dir,
  out: _out,
  json: _json,
  ...stated
}: DataPartitionOptions): PartitionSpec {
  const result = partitionSpecSchema.safeParse(stated);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const isForeign = issue?.code === "unrecognized_keys";
  const key = String((isForeign ? issue.keys[0] : issue?.path[0]) ?? "kind");
  const option = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const isMissing = stated[key] === undefined;
  const what = isForeign
    ? `${option} has no meaning for --kind ${stated.kind}`
    : isMissing
      ? `--kind ${stated.kind} needs ${option}`
      : `${option}: ${issue?.message ?? "is wrong"}`;
  throw new InputError(what, {
    hint: "concordat data partition --help says which options belong to which kind",
  });
}
