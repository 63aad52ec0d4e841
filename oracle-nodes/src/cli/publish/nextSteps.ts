import { join } from "node:path";

/** What has to happen before a published task starts: its files reach a member, and members join. */
export function nextSteps(taskId: number, out: string | undefined): string[] {
  const files = ["manifest.json", "initial-model.safetensors"].map((name) => join(out ?? "", name));
  const add = `concordat artifact add ${files.join(" ")} --config node.yaml`;
  return [
    "Next steps:",
    ...(out === undefined
      ? []
      : [`  a member puts the files into its node's store, before it runs:  ${add}`]),
    `  members read the terms:  concordat task show ${taskId} --config node.yaml`,
    `  and join:  concordat task join ${taskId} --config node.yaml`,
    "  once enough have joined, their running nodes start the task by themselves",
  ];
}
