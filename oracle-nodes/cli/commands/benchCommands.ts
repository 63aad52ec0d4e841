import type { Command } from "commander";
import type { BenchExperimentOptions } from "../actions/benchExperiment.ts";
import { examples } from "../examples.ts";
import { loadPart } from "../loadPart.ts";
import { wholeNumber } from "../parsers.ts";

/** `concordat bench ...`: schemes compared on equal terms. */
export function addBenchCommands(program: Command): void {
  const bench = program
    .command("bench")
    .description("compare learning schemes on equal terms, without a chain");
  const experiment = bench
    .command("experiment")
    .description(
      "run a declarative experiment over several seeds: one process per core, resumable; writes manifest, CSV, summary and plots",
    )
    .argument("<FILE>", "the experiment in YAML")
    .option("--out <DIR>", "folder of checkpoints and results (default: the experiment's name)")
    .option("--data <DIR>", "folder with the dataset's files, instead of the file's data.dir")
    .option("--processes <N>", "processes at once (default: one per core)", wholeNumber(1, 1024))
    .option("--resume", "continue with what is in the folder; completed runs are not repeated")
    .action(async (file: string, options: BenchExperimentOptions) => {
      const { runBenchExperiment } = await loadPart(
        "@concordat/experiments",
        () => import("../actions/benchExperiment.ts"),
      );
      await runBenchExperiment(file, options);
    });
  examples(experiment, [
    [
      "concordat bench experiment benchmarks/experiments/digits.yaml",
      "a few minutes on built-in handwriting; results in digits/",
    ],
    [
      "concordat bench experiment mnist-mlp.yaml --data ~/mnist --out results --resume",
      "continues after Ctrl-C, a crash, or with more seeds, rounds or schemes in the file",
    ],
  ]);
}
