import { join as joinPath } from "node:path";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { MANIFEST_FILE, MODEL_FILE } from "./publicationFolder.ts";

/**
 * What has to happen before a published task starts: its files reach a member, and members join.
 * @param out Where the files were written, if they were.
 */
export function nextSteps(
  taskId: number,
  out: string | undefined,
  { minStake, arbiter }: Pick<TaskTerms, "minStake" | "arbiter">,
): string[] {
  const join = `concordat task join ${taskId} --config node.yaml`;
  const trust = minStake > 0n ? ` --trust ${arbiter}` : "";
  const files = [MANIFEST_FILE, MODEL_FILE].map((name) => joinPath(out ?? "", name));
  const add = `concordat artifact add ${files.join(" ")} --config node.yaml`;
  return [
    "Next steps:",
    ...(out === undefined
      ? []
      : [
          `  give the two files to one member, who adds them to its node, whether it is running or not:  ${add}`,
        ]),
    `  members read the terms:  concordat task show ${taskId} --config node.yaml`,
    out === undefined
      ? `  and join, naming where the files are served:  ${join} --provider ...${trust}`
      : `  and join${trust === "" ? "" : ", if they trust the arbiter with their stake"}:  ${join}${trust}`,
    "  once enough have joined, their running nodes start the task by themselves",
  ];
}
