import type { Command } from "commander";
import type { ArtifactAddOptions } from "../actions/artifactAdd.ts";
import { examples } from "../examples.ts";

/** `concordat artifact ...`: files by digest in a node's store. */
export function addArtifactCommands(program: Command): void {
  const artifact = program.command("artifact").description("files by digest in a node's store");
  const add = artifact
    .command("add")
    .description("put files into a node's store (or its Kubo node), whether the node is running or not")
    .argument("<file...>", "for instance manifest and initial model, as task publish --out wrote them")
    .requiredOption("--config <FILE>", "the node's configuration")
    .option("--json", "print JSON")
    .action(async (files: string[], options: ArtifactAddOptions) => {
      const { runArtifactAdd } = await import("../actions/artifactAdd.ts");
      await runArtifactAdd(files, options);
    });
  examples(add, [
    [
      "concordat artifact add task/manifest.json task/initial-model.safetensors --config hospital-a/node.yaml",
      "a running node takes them through its folder inbox/ and serves them to the task's members at once",
    ],
  ]);
}
