import { MemberStatus, enumName } from "../../../../protocol/enums.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import { checkTaskContracts } from "../../chain/checkTaskContracts.ts";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "../output.ts";
import { ownNode } from "../ownNode.ts";
import { readTaskTerms } from "../taskTerms.ts";

export interface MembershipOptions extends AccountOptions {
  readonly json?: true;
}

/** `concordat task join | leave`. Joins no task whose terms name contracts that the operator does not trust. */
export async function runMembership(
  change: "join" | "leave",
  task: number,
  options: MembershipOptions,
): Promise<void> {
  await withWriter(options, async (chain) => {
    const node = await ownNode(chain);
    const terms = await readTaskTerms(chain, task);
    if (change === "join") checkTaskContracts(chain.book, task, terms);
    await chain.send("taskRegistry", change === "join" ? "joinTask" : "leaveTask", [task, node]);
    const member = await chain.contracts.taskRegistry.member(task, node);
    const status = enumName(MemberStatus, member.status);
    const memberId = Number(member.memberId);
    if (options.json) return printJson({ task, node, memberId, status, arbiter: terms.arbiter });
    const queued = status === "Joining" || status === "Leaving" ? " at the next round" : "";
    print(
      `Node ${node} in task ${task}: ${status.toLowerCase()}${queued}${memberId > 0 ? `, member ${memberId}` : ""}`,
    );
    if (change === "join" && terms.minStake > 0n) print(riskOf(terms));
  });
}

/** What joining is consent to, where it costs most. */
function riskOf({ arbiter, stakeToken, disputeWindowSeconds }: TaskTerms): string {
  const days = (disputeWindowSeconds / 86_400).toFixed(1);
  return `Until ${days} days after the task's hard end, its arbiter ${arbiter} can slash all of the node's stake in ${stakeToken}`;
}
