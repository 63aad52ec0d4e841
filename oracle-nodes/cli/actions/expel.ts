import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { receiptEvent } from "@concordat/chain/contracts/receiptEvent";

export interface ExpelOptions extends AccountOptions {
  readonly json?: true;
}

/** `concordat task expel`. */
export async function runExpel(node: number, options: ExpelOptions): Promise<void> {
  await withWriter(options, async ({ send, contracts }) => {
    const receipt = await send("nodeRegistry", "proposeRemoval", [node]);
    const proposal = Number(
      receiptEvent(receipt, contracts.nodeRegistry.interface, "ProposalCreated")?.["proposalId"],
    );
    if (options.json) printJson({ proposal, node });
    else
      print(`Proposal ${proposal} to remove node ${node} is open: concordat task vote ${proposal} --approve`);
  });
}
