import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { termRows } from "@concordat/protocol/terms/termRows";
import { durationWords, momentWords } from "@concordat/protocol/words/timeWords";
import { bytesWords, percentWords } from "@concordat/protocol/words/enumWords";
import { plainWords } from "./plainWords.ts";

/** What the terms cannot say by themselves. */
export interface TermsContext {
  /** The chain's time in unix seconds. */
  readonly now: number;
  /** Amounts of the reward token and of the stake token in words. */
  readonly reward: (amount: bigint) => string;
  readonly stake: (amount: bigint) => string;
}

/** All terms that matter in a task in plain words, each on a line of its own, by what the table of terms calls it. */
export function readableTerms(
  terms: TaskTerms,
  { now, reward, stake }: TermsContext,
): (readonly [name: string, value: string])[] {
  const rows = termRows(terms, {
    number: (value) => value.toLocaleString("en"),
    duration: durationWords,
    moment: (unixSeconds) => momentWords(unixSeconds, now),
    percent: percentWords,
    ratio: (bps) => String(bps / 10_000),
    bytes: bytesWords,
    amount: (value, token) => (token === "rewardToken" ? reward(value) : stake(value)),
  });
  return rows.map(({ label, value }) => [plainWords(label), value.replaceAll("’", "'")]);
}
