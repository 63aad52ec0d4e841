import type { Command } from "commander";
import type { ArtifactAddOptions } from "../actions/artifactAdd.ts";
import { examples } from "../examples.ts";

/** `concordat artifact ...`: files by digest in a node's store. */
export function addArtifactCommands(program: Command): void {
  const artifact = program.command("artifact").description("files by digest in a node's store");
  const add = artifact
    .command("add")
    .description("put files into the store of a node that is not running (or of its Kubo node)")
    .argument("<file...>", "manifest and initial model, as task publish --out wrote them")
    .requiredOption("--config <FILE>", "the node's configuration")
    .option("--json", "print JSON")
    .action(async (files: string[], options: ArtifactAddOptions) => {
      const { runArtifactAdd } = await import("../actions/artifactAdd.ts");
      await runArtifactAdd(files, options);
    });
  examples(add, [
    [
      "concordat artifact add task/manifest.json task/initial-model.safetensors --config hospital-a/node.yaml",
      "the node serves them to the task's members once it runs",
    ],
  ]);
}
