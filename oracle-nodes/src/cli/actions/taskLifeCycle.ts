import { TaskState, enumName } from "../../../../protocol/enums.ts";
import type { Contracts } from "../chainAccess.ts";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "../output.ts";

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
  await withWriter(options, async ({ send, contracts }) => {
    const receipt = await send(CALLS[call], call, [task]);
    const status = await contracts.taskRegistry.status(task);
    const state = enumName(TaskState, status.state);
    if (options.json) printJson({ task, state, escrow: status.escrow, transaction: receipt.hash });
    else print(`Task ${task} is ${state.toLowerCase()}, its escrow holds ${status.escrow}`);
  });
}
