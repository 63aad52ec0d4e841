import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { Option } from "commander";
import { DATASET_NAMES } from "@concordat/protocol/manifest/datasetTerms";
import type { DemoOptions } from "@concordat/demo/demoOptions";
import { examples } from "../examples.ts";
import { loadPart } from "../loadPart.ts";
import { wholeNumber } from "../parsers.ts";
import { addTerms } from "../publish/termOption.ts";

const COMMAND = fileURLToPath(new URL("../bin/concordat.mjs", import.meta.url));

/** `concordat demo`, which is also `npm start`. */
export function addDemoCommand(program: Command): void {
  const demo = program
    .command("demo")
    .description(
      "train a non-IID federation on this machine, from an empty chain to an audit: embedded chain, contracts, " +
        "oracle nodes as processes, a published task, results against FedAvg and Local",
    )
    .option("--nodes <N>", "oracle nodes", wholeNumber(1, 50), 5)
    .option("--rounds <T>", "rounds", wholeNumber(1, 1000), 8)
    .addOption(new Option("--dataset <NAME>", "what to learn").choices(DATASET_NAMES).default("digits"))
    .option("--data <DIR>", "folder with the dataset's files; the built-in digits needs none")
    .option(
      "--model <NAME|FILE.json>",
      "built-in model, or a Keras topology (default: one that suits the dataset)",
    );
  addTerms(demo, ["localEpochs", "batchSize", "learningRate", "momentum"]);
  demo
    .option("--train-per-class <N>", "training records of each of a node's four classes", wholeNumber(1), 150)
    .option("--seed <S>", "seed of partition, initial model and shuffles", wholeNumber(0, 0xffff_ffff), 1);
  addTerms(demo, [
    "strategy",
    "trainingBase",
    "electionMode",
    "aggregationRule",
    "byzantineBound",
    "compression",
  ]);
  demo
    .option("--keep", "leave everything running at the end, until Ctrl-C, and say how to look around")
    .option(
      "--dir <DIR>",
      "empty folder for nodes, logs and address book, kept afterwards (default: a temporary one)",
    )
    .option("--json <FILE>", "write all results as JSON")
    .action(async (options: DemoOptions) => {
      const { runDemo } = await loadPart("@concordat/demo", () => import("@concordat/demo/runDemo"));
      await runDemo(options, COMMAND);
    });
  examples(demo, [
    ["npm start", "five nodes, eight rounds on built-in handwriting, about a minute"],
    ["npm start -- --dataset mnist --data DIR --nodes 10 --rounds 20", "real data from its official files"],
    ["npm start -- --nodes 7 --rule multiKrum --f 2", "a robust aggregation rule"],
    ["npm start -- --compression top-k-quantised", "updates of the greatest 1 % of the changes, in 8 bits"],
    ["npm start -- --keep", "then query the chain, run the audit, read the nodes' folders"],
  ]);
}
