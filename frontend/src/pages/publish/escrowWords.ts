import { escrowOf, memberReserve } from "@concordat/protocol/rules/rewardSchedule";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { Token } from "#chain/useToken.ts";
import { count } from "#ui/format.ts";
import { tokenAmount } from "./tokenAmount.ts";

/** What is paid in, what each round pays, and what comes back when: a name and a sentence each. */
export function escrowWords(
  terms: TaskTerms,
  token: Pick<Token, "symbol" | "decimals"> | undefined,
): readonly (readonly [name: string, words: string])[] {
  const { rounds, maxNodes, rewardUnit, reputationInitial, reputationMax } = terms;
  const inTokens = (value: bigint): string => tokenAmount(value, token);
  const oneNode = memberReserve(terms, rounds);
  const [first, last] = [reputationInitial, Math.min(reputationMax, reputationInitial + rounds - 1)].map(
    (points) => BigInt(points) * rewardUnit,
  ) as [bigint, bigint];
  return [
    [
      "Paid in now",
      `${inTokens(escrowOf(terms))}: the worst case, ${count(maxNodes, "node")} accepted in each of ${count(rounds, "round")}, at most ${inTokens(oneNode)} each.`,
    ],
    [
      "What a round pays",
      `An accepted update earns ${inTokens(rewardUnit)} for each point of the node’s reputation at the round’s start: ${inTokens(first)} in the first round${last === first ? "" : `, at most ${inTokens(last)} in the last, since an accepted update adds a point (to ${reputationMax} at most)`}. Rejected and missing updates and void rounds earn nothing.`,
    ],
    [
      "What comes back",
      "All of it if the task is cancelled before it starts. After its end: at once what the rounds that were not played could have cost, and the rest that nobody earned as soon as each node’s rounds are settled, which anyone may do.",
    ],
    [
      "What your wallet is asked",
      `To let the task registry take exactly ${inTokens(escrowOf(terms))}, by a signature where token and account know permits, else by an approval of its own; then to publish.`,
    ],
  ];
}
