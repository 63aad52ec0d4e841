import type { Command } from "commander";
import type { ExpelOptions } from "../actions/expel.ts";
import type { ProposalsOptions } from "../actions/proposals.ts";
import type { VoteOptions } from "../actions/vote.ts";
import { accountOptions, chainOptions } from "../chainOptions.ts";
import { examples } from "../examples.ts";
import { wholeNumber } from "../parsers.ts";

/** `concordat task vote | proposals | expel`: how members decide who takes part. */
export function addVoteCommands(task: Command): void {
  const vote = accountOptions(
    task
      .command("vote")
      .description("vote on a node's admission or removal (a member's operator account)")
      .argument("<proposal>", "number of the proposal", wholeNumber(1))
      .option("--approve", "vote for it")
      .option("--reject", "vote against it"),
  )
    .option("--json", "print JSON")
    .action(async (proposal: number, options: VoteOptions) => {
      const { runVote } = await import("../actions/vote.ts");
      await runVote(proposal, options);
    });
  examples(vote, [
    [
      "concordat task vote 3 --approve --config hospital-a/node.yaml",
      "the vote that completes a majority decides",
    ],
  ]);
  const proposals = chainOptions(task.command("proposals").description("votes on admission and removal"))
    .option("--all", "closed ones too")
    .option("--json", "print JSON")
    .action(async (options: ProposalsOptions) => {
      const { runProposals } = await import("../actions/proposals.ts");
      await runProposals(options);
    });
  examples(proposals, [
    ["concordat task proposals --config hospital-a/node.yaml", "what is open to vote on"],
  ]);
  const expel = accountOptions(
    task
      .command("expel")
      .description("propose to remove a node from the registry (a member's operator account)")
      .argument("<node>", "the node's number", wholeNumber(1)),
  )
    .option("--json", "print JSON")
    .action(async (node: number, options: ExpelOptions) => {
      const { runExpel } = await import("../actions/expel.ts");
      await runExpel(node, options);
    });
  examples(expel, [["concordat task expel 4 --config hospital-a/node.yaml", "members then vote on it"]]);
}
