import type { Command } from "commander";
import { Argument, Option } from "commander";
import { DATASET_NAMES } from "@concordat/protocol/manifest/datasetTerms";
import type { DataDescribeOptions } from "../actions/dataDescribe.ts";
import type { DataFetchOptions } from "../actions/dataFetch.ts";
import type { DataListOptions } from "../actions/dataList.ts";
import type { DataPartitionOptions } from "../actions/dataPartition.ts";
import { SOURCES } from "../data/sources.ts";
import { examples } from "../examples.ts";
import { fraction, positiveNumber, wholeNumber } from "../parsers.ts";

const KINDS = ["classes", "iid", "dirichlet", "subjects", "quantity"] as const;
const dirOption = (): Option => new Option("--dir <DIR>", "folder of the datasets").default("data");

/** `concordat data ...`: datasets, where they come from, what is in them, and how they are divided. */
export function addDataCommands(program: Command): void {
  const data = program.command("data").description("fetch, look at and divide datasets");
  addList(data);
  addFetch(data);
  addDescribe(data);
  addPartition(data);
}

function addList(data: Command): void {
  const list = data
    .command("list")
    .description("known datasets, and where they come from")
    .option("--json", "print JSON")
    .action(async (options: DataListOptions) => {
      const { runDataList } = await import("../actions/dataList.ts");
      runDataList(options);
    });
  examples(list, [["concordat data list", "needs no data"]]);
}

function addFetch(data: Command): void {
  const fetch = data
    .command("fetch")
    .description(
      "download a dataset once from its official source and check it; fetched data is checked again",
    )
    .addArgument(new Argument("<name>", "dataset").choices(Object.keys(SOURCES)))
    .addOption(dirOption())
    .option("--json", "print JSON")
    .action(async (name: string, options: DataFetchOptions) => {
      const { runDataFetch } = await import("../actions/dataFetch.ts");
      await runDataFetch(name, options);
    });
  examples(fetch, [
    ["concordat data fetch fashion-mnist", "makes data/fashion-mnist; use it with --data data"],
    ["concordat data fetch cifar10 --dir ~/data", "after an interruption it continues where it stopped"],
  ]);
}

function addDescribe(data: Command): void {
  const describe = data
    .command("describe")
    .description("what a dataset holds: classes, counts, ranges, and a sheet of pictures")
    .addArgument(new Argument("<name>", "dataset").choices(DATASET_NAMES))
    .addOption(dirOption())
    .option("--sheet <FILE.png>", "where the sheet of pictures goes (default: NAME-sheet.png)")
    .option("--json", "print JSON, and write no sheet unless --sheet names it")
    .action(async (name: string, options: DataDescribeOptions) => {
      const { runDataDescribe } = await import("../actions/dataDescribe.ts");
      await runDataDescribe(name, options);
    });
  examples(describe, [
    ["concordat data describe digits", "the built-in dataset; writes digits-sheet.png"],
    ["concordat data describe csv --dir patients", "a table with its schema.json: ranges of each feature"],
  ]);
}

function addPartition(data: Command): void {
  const partition = data
    .command("partition")
    .description("divide a dataset among nodes and write who has what into an index file with a digest")
    .addArgument(new Argument("<name>", "dataset").choices(DATASET_NAMES))
    .requiredOption("--nodes <N>", "nodes that share the dataset", wholeNumber(1, 1024))
    .requiredOption("--out <FILE.json>", "index file to write; must not exist yet")
    .addOption(dirOption())
    .addOption(new Option("--kind <KIND>", "how to divide the dataset").choices(KINDS).default("classes"))
    .option("--seed <S>", "seed of the partition", wholeNumber(0, 0xffff_ffff), 1)
    .option("--classes-per-node <N>", "classes: how many a node sees (default: 4)", wholeNumber(1))
    .option("--train-per-class <N>", "classes: training records of each (default: 150)", wholeNumber(1))
    .option("--validation-per-class <N>", "classes: validation records of each (default: 50)", wholeNumber(1))
    .option("--test-per-class <N>", "classes: test records of each (default: 50)", wholeNumber(1))
    .option("--skew-classes <N>", "classes: other classes in skewed tests (default: all)", wholeNumber(1))
    .option("--alpha <A>", "dirichlet, quantity: the smaller, the more uneven", positiveNumber)
    .option("--exponent <E>", "quantity: exponent of the power law of sizes (default: 1)", positiveNumber)
    .option(
      "--records <N>",
      "all kinds but classes: training records shared out (default: all)",
      wholeNumber(1),
    )
    .option(
      "--validation-share <R>",
      "all kinds but classes: share used to validate (default: 0.2)",
      fraction,
    )
    .option(
      "--test-samples <N>",
      "all kinds but classes: test records per node (default: 200)",
      wholeNumber(1),
    )
    .option("--json", "print JSON")
    .action(async (name: string, options: DataPartitionOptions) => {
      const { runDataPartition } = await import("../actions/dataPartition.ts");
      await runDataPartition(name, options);
    });
  examples(partition, [
    [
      "concordat data partition digits --nodes 5 --kind dirichlet --alpha 0.3 --out split.json",
      "nodes use it with dataset.partition: { kind: file, file: split.json, index: 0, digest: 0x... }",
    ],
    [
      "concordat data partition uci-har --nodes 10 --kind subjects --out split.json",
      "gives each node whole persons",
    ],
  ]);
}
