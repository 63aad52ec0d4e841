import { join } from "node:path";
import { MANIFEST_FILE, MODEL_FILE } from "./publicationFolder.ts";

/** What has to happen before a published task starts: its files reach a member, and members join. */
export function nextSteps(taskId: number, out: string | undefined): string[] {
  const files = [MANIFEST_FILE, MODEL_FILE].map((name) => join(out ?? "", name));
  const add = `concordat artifact add ${files.join(" ")} --config node.yaml`;
  return [
    "Next steps:",
    ...(out === undefined
      ? []
      : [`  give the two files to one member, who puts them into its node, whether it runs or not:  ${add}`]),
    `  members read the terms:  concordat task show ${taskId} --config node.yaml`,
    ...(out === undefined
      ? [
          `  and join, naming where the files are served:  concordat task join ${taskId} --config node.yaml --provider ...`,
        ]
      : [`  and join:  concordat task join ${taskId} --config node.yaml`]),
    "  once enough have joined, their running nodes start the task by themselves",
  ];
}
