import { TaskState, enumName } from "@concordat/protocol/contracts/enums";
import type { Contracts } from "@concordat/chain/contracts/chainAccess";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { amountFormat } from "@concordat/chain/contracts/token";
import { STATE_WORDS, wordsFor } from "@concordat/protocol/words/enumWords";

export interface LifeCycleOptions extends AccountOptions {
  readonly json?: true;
}

const CALLS = {
  start: "roundCoordinator",
  advance: "roundCoordinator",
  cancel: "taskRegistry",
  refund: "rewardLedger",
} as const satisfies Record<string, keyof Contracts>;

/** `concordat task start | advance | cancel | refund`. */
export async function runLifeCycle(
  call: keyof typeof CALLS,
  task: number,
  options: LifeCycleOptions,
): Promise<void> {
  await withWriter(options, async ({ send, contracts, provider }) => {
    const receipt = await send(CALLS[call], call, [task]);
    const status = await contracts.taskRegistry.status(task);
    const state = enumName(TaskState, status.state);
    if (options.json) return printJson({ task, state, escrow: status.escrow, transaction: receipt.hash });
    const { rewardToken } = await contracts.taskRegistry.terms(task);
    const amount = await amountFormat(provider, rewardToken);
    const words = wordsFor(STATE_WORDS, status.state);
    const left = status.escrow === 0n ? "its escrow is empty" : `its escrow holds ${amount(status.escrow)}`;
    print(`Task ${task} is ${words}, ${left}`);
  });
}
