import type { Command } from "commander";
import type { StakeOptions, StakeShowOptions, StakeWithdrawOptions } from "../actions/stake.ts";
import { accountOptions, chainOptions } from "../chainOptions.ts";
import { examples } from "../examples.ts";
import { address, tokenAmount, wholeNumber } from "../parsers.ts";

/** `concordat stake ...`: what a node risks. */
export function addStakeCommands(program: Command): void {
  const stake = program.command("stake").description("deposit and withdraw what a node risks");
  const withToken = (command: Command): Command =>
    command.requiredOption("--token <ADDRESS>", "the ERC-20 token", address);
  for (const [name, purpose] of [
    ["deposit", "add stake to the caller's node (approves the token first)"],
    ["unbond", "start withdrawing stake; it can be paid out after the unbonding period"],
  ] as const) {
    const command = accountOptions(
      withToken(
        stake
          .command(name)
          .description(purpose)
          .argument("<amount>", "in whole tokens, for example 2.5", tokenAmount),
      ),
    )
      .option("--json", "print JSON")
      .action(async (amount: string, options: StakeOptions) => {
        const { runStakeChange } = await import("../actions/stake.ts");
        await runStakeChange(name, amount, options);
      });
    examples(command, [
      [`concordat stake ${name} 100 --token 0x... --config hospital-a/node.yaml`, "the operator pays"],
    ]);
  }
  const withdraw = accountOptions(
    withToken(stake.command("withdraw").description("pay out all withdrawals that are due")),
  )
    .option("--to <ADDRESS>", "who receives them; by default the operator", address)
    .option("--json", "print JSON")
    .action(async (options: StakeWithdrawOptions) => {
      const { runStakeWithdraw } = await import("../actions/stake.ts");
      await runStakeWithdraw(options);
    });
  examples(withdraw, [
    ["concordat stake withdraw --token 0x... --config hospital-a/node.yaml", "after the unbonding period"],
  ]);
  const show = chainOptions(
    withToken(
      stake
        .command("show")
        .description("a node's stake and withdrawals")
        .argument("<node>", "its number", wholeNumber(1)),
    ),
  )
    .option("--json", "print JSON")
    .action(async (node: number, options: StakeShowOptions) => {
      const { runStakeShow } = await import("../actions/stake.ts");
      await runStakeShow(node, options);
    });
  examples(show, [["concordat stake show 3 --token 0x... --config hospital-a/node.yaml", "needs no key"]]);
}
