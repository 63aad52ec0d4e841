import { MemberStatus, enumName, enumValue } from "@concordat/protocol/contracts/enums";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { ownNode } from "../ownNode.ts";
import { readTaskTerms } from "../taskTerms.ts";
import { MEMBER_WORDS } from "@concordat/protocol/words/enumWords";

export interface LeaveOptions extends AccountOptions {
  readonly json?: true;
}

/** `concordat task leave`. Given again after a lost answer it finds that the node left. */
export async function runLeave(taskId: number, options: LeaveOptions): Promise<void> {
  await withWriter(options, async (chain) => {
    const { taskRegistry } = chain.contracts;
    const node = await ownNode(chain);
    const { arbiter } = await readTaskTerms(chain, taskId);
    const before = enumValue(MemberStatus, (await taskRegistry.member(taskId, node)).status);
    const isOut = before === MemberStatus.Leaving || before === MemberStatus.Left;
    if (!isOut) await chain.send("taskRegistry", "leaveTask", [taskId, node]);
    const member = await taskRegistry.member(taskId, node);
    const status = enumValue(MemberStatus, member.status);
    const memberId = Number(member.memberId);
    if (options.json) {
      return printJson({ task: taskId, node, memberId, status: enumName(MemberStatus, status), arbiter });
    }
    print(`Node ${node} in task ${taskId}: ${MEMBER_WORDS[status]}${isOut ? ", as before" : ""}`);
  });
}
