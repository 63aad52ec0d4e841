import { ZeroAddress } from "ethers";
import { AGGREGATION_RULES } from "../../../protocol/aggregationRule.ts";
import { ScoreKind } from "../../../protocol/enums.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";
import { durationWords, momentWords } from "../../../protocol/timeWords.ts";
import {
  BASE_WORDS,
  ELECTION_WORDS,
  GRID_WORDS,
  STRATEGY_WORDS,
  bytesWords,
  countWords,
  percentWords,
} from "../../../protocol/words.ts";

/** What the terms cannot say by themselves. */
export interface TermsContext {
  /** The chain's time in unix seconds. */
  readonly now: number;
  /** Amounts of the reward token and of the stake token in words. */
  readonly reward: (amount: bigint) => string;
  readonly stake: (amount: bigint) => string;
}

type Line = readonly [name: string, value: string];

/** All terms in plain words, in the order in which a member asks: what, when, who decides, what is at stake. */
export function readableTerms(terms: TaskTerms, context: TermsContext): Line[] {
  return [
    ["manifest", terms.manifestDigest],
    ["initial model", terms.initialModelDigest],
    ["greatest file", bytesWords(terms.maxArtifactBytes)],
    ...clock(terms, context),
    ...negotiation(terms),
    ...committee(terms),
    ...money(terms, context),
    ["coordinator", terms.coordinator],
    ["stake vault", terms.stakeVault],
    ["reward ledger", terms.rewardLedger],
    ["arbiter", terms.arbiter],
  ];
}

function clock(terms: TaskTerms, { now }: TermsContext): Line[] {
  const { aggregationSeconds, fetchSeconds, objectionSeconds } = terms;
  return [
    ["rounds", String(terms.rounds)],
    ["nodes", `at least ${terms.minNodes}, at most ${terms.maxNodes}`],
    ["may start", momentWords(terms.startTime, now)],
    ["no round starts after", momentWords(terms.timeLimit, now)],
    ["training lasts", `at most ${durationWords(terms.trainingSeconds)}`],
    [
      "aggregation lasts",
      `at most ${durationWords(aggregationSeconds)} for each committee, of it ${durationWords(fetchSeconds)} to fetch updates ` +
        `and ${durationWords(objectionSeconds)} to hand over omitted ones`,
    ],
    ["negotiation lasts", `at most ${durationWords(terms.negotiationSeconds)}`],
    ["void rounds", `${countWords(terms.maxVoidRounds, "void round")} in a row end the task`],
  ];
}

function negotiation(terms: TaskTerms): Line[] {
  const { negotiationSteps, alphaLowerBps, alphaUpperBps, targetScore, scoreKind } = terms;
  const isAccuracy = scoreKind === ScoreKind.Accuracy;
  const target = isAccuracy
    ? `a mean accuracy of ${percentWords(targetScore)}`
    : `a mean score of ${targetScore}`;
  return [
    [
      "candidates for alpha",
      `${negotiationSteps} from ${percentWords(alphaLowerBps)} to ${percentWords(alphaUpperBps)} of the local model, ` +
        GRID_WORDS[terms.alphaGrid],
    ],
    ["alpha at first", percentWords(terms.initialAlphaBps)],
    ["alpha is", STRATEGY_WORDS[terms.strategy]],
    ["training starts from", BASE_WORDS[terms.trainingBase]],
    ["scores are", isAccuracy ? "accuracies" : `errors, ${terms.maxScore} at most; less is better`],
    ["ends early", targetScore === 0 ? "never" : `at ${target}`],
  ];
}

function committee(terms: TaskTerms): Line[] {
  const rule = AGGREGATION_RULES[terms.aggregationRule] ?? `unknown (${terms.aggregationRule})`;
  const bound =
    terms.byzantineBound === 0 ? "" : `, bears ${countWords(terms.byzantineBound, "arbitrary update")}`;
  return [
    ["aggregation rule", `${rule}${bound}`],
    ["quorum", `${percentWords(terms.quorumBps)} of the active nodes`],
    ["committee", `a leader and ${percentWords(terms.gammaBps)} of the nodes, four nodes at least`],
    ["elected by", ELECTION_WORDS[terms.electionMode]],
    ["turns", `the next rank may propose every ${durationWords(terms.slotSeconds)}`],
    ["committees a round", `${terms.maxAttempts} at most`],
    ["greatest weight", `${countWords(terms.maxSamples, "record")} for one update`],
  ];
}

function money(terms: TaskTerms, { reward, stake }: TermsContext): Line[] {
  const { reputationInitial, reputationMax, rewardUnit, rewardToken, minStake, stakeToken } = terms;
  const lowered = [
    ...(terms.penaliseUnavailable ? ["an update that cannot be fetched"] : []),
    ...(terms.penaliseSilent ? ["silence"] : []),
  ];
  return [
    ["reputation", `${reputationInitial} at first, ${reputationMax} at most`],
    ["reputation falls for", ["a rejected update", ...lowered].join(", ")],
    ...(terms.strictReputation ? [["below its start", "a rejected update does not raise it"] as const] : []),
    ...(rewardUnit === 0n
      ? [["reward", "none"] as const]
      : [
          ["reward", `${reward(rewardUnit)} for each accepted update and point of reputation`] as const,
          ["reward token", rewardToken] as const,
        ]),
    ...(minStake === 0n
      ? [["stake", "none"] as const]
      : [
          ["stake", `at least ${stake(minStake)}`] as const,
          ["stake token", stakeToken] as const,
          [
            "can be slashed",
            `by the arbiter until ${durationWords(terms.disputeWindowSeconds)} after the hard end`,
          ] as const,
          ["slashed stake goes to", slashed(terms, stake)] as const,
        ]),
  ];
}

function slashed({ slashRecipient, slashBounty }: TaskTerms, stake: TermsContext["stake"]): string {
  const recipient = slashRecipient === ZeroAddress ? "nobody" : slashRecipient;
  return slashBounty === 0n ? recipient : `${recipient}, up to ${stake(slashBounty)} to who proved the fault`;
}
