import { ProposalState, enumName } from "@concordat/protocol/contracts/enums";
import { InputError } from "@concordat/protocol/errors";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { receiptEvent } from "@concordat/chain/contracts/receiptEvent";

export interface VoteOptions extends AccountOptions {
  readonly approve?: true;
  readonly reject?: true;
  readonly json?: true;
}

/** `concordat task vote`. */
export async function runVote(proposal: number, options: VoteOptions): Promise<void> {
  if (Boolean(options.approve) === Boolean(options.reject)) {
    throw new InputError("The vote must be either for or against", {
      hint: "Give either --approve or --reject",
    });
  }
  await withWriter(options, async ({ send, contracts }) => {
    const receipt = await send("nodeRegistry", "vote", [proposal, Boolean(options.approve)]);
    const voted = receiptEvent(receipt, contracts.nodeRegistry.interface, "Voted");
    const closed = receiptEvent(receipt, contracts.nodeRegistry.interface, "ProposalClosed");
    const state = enumName(ProposalState, (closed?.["state"] as bigint | undefined) ?? ProposalState.Open);
    const [approvals, rejections] = [Number(voted?.["approvals"]), Number(voted?.["rejections"])];
    if (options.json) printJson({ proposal, approvals, rejections, state });
    else print(`Proposal ${proposal}: ${approvals} for, ${rejections} against, ${state.toLowerCase()}`);
  });
}
