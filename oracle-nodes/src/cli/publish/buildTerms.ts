import { minimumUpdates } from "../../../../protocol/aggregationRule.ts";
import { InputError } from "../../../../protocol/errors.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import { termsFrom } from "../../../../protocol/termsSettings.ts";
import type { TermsContracts, TermsFiles, TermsSettings } from "../../../../protocol/termsSettings.ts";

/**
 * Puts a publisher's settings into the terms that the contract takes.
 * @param now The chain's time in unix seconds.
 * @throws {InputError} naming the options that contradict each other, before anything is sent.
 */
export function buildTerms(
  settings: TermsSettings,
  files: TermsFiles,
  contracts: TermsContracts,
  now: number,
): TaskTerms {
  checkSettings(settings);
  return termsFrom(settings, files, contracts, now);
}

/** The contract checks every term again; what an option can correct is named by its option here. */
function checkSettings(settings: TermsSettings): void {
  const { minNodes, maxNodes, quorum, rule, f } = settings;
  const guaranteed = Math.ceil((quorum * minNodes) / 10_000);
  const required = minimumUpdates(rule, f);
  const wrong: readonly (readonly [boolean, string, string])[] = [
    [
      minNodes > maxNodes,
      `--min-nodes ${minNodes} is above --max-nodes ${maxNodes}`,
      "Lower one or raise the other",
    ],
    [
      settings.alphaLower > settings.alphaUpper ||
        (settings.alphaLower === settings.alphaUpper && settings.steps > 1),
      "--alpha-lower must be below --alpha-upper",
      "Only with --steps 1 may they be equal",
    ],
    [
      settings.fetch + settings.objection >= settings.aggregation,
      `--fetch ${settings.fetch} and --objection ${settings.objection} leave nothing of --aggregation ${settings.aggregation}`,
      "Make the aggregation longer",
    ],
    [settings.slot > settings.aggregation, "--slot is longer than --aggregation", "Make it shorter"],
    [
      settings.startIn >= settings.timeLimit,
      "--start-in is not before --time-limit",
      "Give the task more time",
    ],
    [settings.reputation > settings.reputationMax, "--reputation is above --reputation-max", "Lower it"],
    [
      guaranteed < required,
      `${rule} with --f ${f} needs ${required} updates, but --quorum of --min-nodes guarantees only ${guaranteed}`,
      "Raise --min-nodes or --quorum, or lower --f",
    ],
    [
      settings.rewardUnit > 0n && settings.rewardToken === undefined,
      "--reward needs --reward-token",
      "Name the ERC-20 token that pays the rewards",
    ],
    [
      settings.minStake > 0n && settings.stakeToken === undefined,
      "--min-stake needs --stake-token",
      "Name the ERC-20 token that is staked",
    ],
  ];
  for (const [isWrong, message, hint] of wrong) if (isWrong) throw new InputError(message, { hint });
}
