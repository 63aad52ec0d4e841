import type { Address } from "@concordat/protocol/ids";
import { durationWords, momentWords } from "@concordat/protocol/words/timeWords";
import type { AccountOptions, ChainOptions } from "../chainOptions.ts";
import { withReader, withWriter } from "../openChain.ts";
import { pairs, print, printJson } from "@concordat/console/output";
import { NO_PERMIT } from "@concordat/protocol/terms/noPermit";
import { ownNode } from "../ownNode.ts";
import { chainTime } from "../readTask.ts";
import { receiptEvent } from "@concordat/chain/contracts/receiptEvent";
import { checkBalance, readToken } from "@concordat/chain/contracts/token";

export interface StakeOptions extends AccountOptions {
  readonly token: Address;
  readonly json?: true;
}

export interface StakeWithdrawOptions extends StakeOptions {
  readonly to?: Address;
}

export interface StakeShowOptions extends ChainOptions {
  readonly token: Address;
  readonly json?: true;
}

/** `concordat stake deposit | unbond`. */
export async function runStakeChange(
  change: "deposit" | "unbond",
  amount: string,
  options: StakeOptions,
): Promise<void> {
  await withWriter(options, async (chain) => {
    const { contracts, send, approve, book } = chain;
    const node = await ownNode(chain);
    const token = await readToken(chain.provider, options.token);
    const units = token.parse(amount);
    let releaseTime: number | undefined;
    if (change === "deposit") {
      await send("stakeVault", "deposit", [node, token.address, units, NO_PERMIT], {
        first: async () => {
          await checkBalance(token, chain.account, units);
          await approve(token.address, book.contracts.StakeVault, units);
        },
      });
    } else {
      const receipt = await send("stakeVault", "unbond", [node, token.address, units]);
      releaseTime = Number(
        receiptEvent(receipt, contracts.stakeVault.interface, "Unbonding")?.["releaseTime"],
      );
    }
    const stake = await contracts.stakeVault.stakeOf(node, token.address);
    if (options.json) return printJson({ node, token: token.address, stake, releaseTime });
    print(`Node ${node} has a stake of ${token.format(stake)}`);
    if (releaseTime)
      print(`${token.format(units)} can be withdrawn ${momentWords(releaseTime, await chainTime(chain))}`);
  });
}

/** `concordat stake withdraw`. */
export async function runStakeWithdraw(options: StakeWithdrawOptions): Promise<void> {
  await withWriter(options, async (chain) => {
    const node = await ownNode(chain);
    const token = await readToken(chain.provider, options.token);
    const to = options.to ?? chain.account;
    const receipt = await chain.send("stakeVault", "withdraw", [node, token.address, to]);
    const event = receiptEvent(receipt, chain.contracts.stakeVault.interface, "Withdrawn");
    const amount = event?.["amount"] as bigint;
    if (options.json) printJson({ node, token: token.address, to, amount });
    else print(`Paid ${token.format(amount)} to ${to}`);
  });
}

/** `concordat stake show`. */
export async function runStakeShow(node: number, options: StakeShowOptions): Promise<void> {
  await withReader(options, async (chain) => {
    const { stakeVault } = chain.contracts;
    const now = await chainTime(chain);
    const token = await readToken(chain.provider, options.token);
    const [stake, pending, period] = await Promise.all([
      stakeVault.stakeOf(node, token.address),
      stakeVault.pendingOf(node, token.address),
      stakeVault.unbondingPeriod(),
    ]);
    const withdrawals = pending.map(({ amount, releaseTime }) => ({
      amount,
      releaseTime: Number(releaseTime),
    }));
    if (options.json)
      return printJson({ node, token: token.address, stake, withdrawals, unbondingPeriod: period });
    print(
      pairs([
        ["node", node],
        ["stake", token.format(stake)],
        ["unbonding period", durationWords(Number(period))],
        ...withdrawals.map(
          ({ amount, releaseTime }) =>
            ["withdrawal", `${token.format(amount)}, due ${momentWords(releaseTime, now)}`] as const,
        ),
      ]),
    );
  });
}
