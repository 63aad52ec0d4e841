import { MemberStatus, enumName } from "../../../../protocol/enums.ts";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "../output.ts";
import { ownNode } from "../ownNode.ts";

export interface MembershipOptions extends AccountOptions {
  readonly json?: true;
}

/** `concordat task join | leave`. */
export async function runMembership(
  change: "join" | "leave",
  task: number,
  options: MembershipOptions,
): Promise<void> {
  await withWriter(options, async (chain) => {
    const node = await ownNode(chain);
    await chain.send("taskRegistry", change === "join" ? "joinTask" : "leaveTask", [task, node]);
    const member = await chain.contracts.taskRegistry.member(task, node);
    const status = enumName(MemberStatus, member.status);
    const memberId = Number(member.memberId);
    if (options.json) return printJson({ task, node, memberId, status });
    const queued = status === "Joining" || status === "Leaving" ? " at the next round" : "";
    print(
      `Node ${node} in task ${task}: ${status.toLowerCase()}${queued}${memberId > 0 ? `, member ${memberId}` : ""}`,
    );
  });
}
