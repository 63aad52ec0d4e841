import { InputError } from "@concordat/protocol/errors";
import type { Address } from "@concordat/protocol/ids";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";
import type { AccountOptions } from "../chainOptions.ts";
import { withWriter } from "../openChain.ts";
import { print, printJson } from "@concordat/console/output";
import { ownNode } from "../ownNode.ts";
import { receiptEvent } from "@concordat/chain/contracts/receiptEvent";
import { amountFormat } from "@concordat/chain/contracts/token";

export interface ClaimOptions extends AccountOptions {
  readonly to?: Address;
  readonly json?: true;
}

export interface SettleOptions extends AccountOptions {
  readonly node: number;
  readonly maxRounds: number;
  readonly json?: true;
}

/** `concordat task claim`. */
export async function runClaim(task: number, options: ClaimOptions): Promise<void> {
  await withWriter(options, async (chain) => {
    const node = await ownNode(chain);
    const member = await memberOf(chain, task, node);
    const to = options.to ?? chain.account;
    const receipt = await chain.send("rewardLedger", "claim", [task, member, to]);
    const amount = receiptEvent(receipt, chain.contracts.rewardLedger.interface, "Claimed")?.[
      "amount"
    ] as bigint;
    if (options.json) return printJson({ task, node, member, to, amount });
    const { rewardToken } = await chain.contracts.taskRegistry.terms(task);
    const words = await amountFormat(chain.provider, rewardToken);
    print(`Paid ${words(amount)} to ${to}`);
  });
}

/** `concordat task settle`. */
export async function runSettle(task: number, options: SettleOptions): Promise<void> {
  await withWriter(options, async (chain) => {
    const member = await memberOf(chain, task, options.node);
    await chain.send("rewardLedger", "settle", [task, member, options.maxRounds]);
    const account = await chain.contracts.rewardLedger.storedAccountOf(task, member);
    const result = {
      task,
      node: options.node,
      member,
      settledRounds: Number(account.settledRounds),
      reputation: Number(account.reputation),
      earned: account.earned,
      claimed: account.claimed,
    };
    if (options.json) printJson(result);
    else
      print(
        `Node ${options.node} is settled up to round ${result.settledRounds}, reputation ${result.reputation}`,
      );
  });
}

async function memberOf({ contracts }: ChainReader, task: number, node: number): Promise<number> {
  const { memberId } = await contracts.taskRegistry.member(task, node);
  if (memberId > 0n) return Number(memberId);
  throw new InputError(`Node ${node} was never in task ${task}`, { hint: "See: concordat task show" });
}
