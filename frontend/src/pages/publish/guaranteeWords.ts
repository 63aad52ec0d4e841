import type { PrivacyAnswer } from "./accountant.ts";

/** What the terms promise, in sentences. */
export function guaranteeWords({ terms, guarantee }: PrivacyAnswer): readonly string[] {
  if (guarantee === undefined) return [];
  const { epsilon, delta, rounds, records, nominal } = guarantee;
  const odds = Math.exp(epsilon);
  return [
    ...("noiseMultiplier" in terms ? [`The noise is ${terms.noiseMultiplier} times the clipping norm.`] : []),
    `After ${rounds} rounds a node of ${records} records has spent an epsilon of ${epsilon.toPrecision(3)} at a delta of ${delta}, between ${guarantee.neighbours}.`,
    odds < 1e6
      ? `In words: who sees all its updates can tell such data sets apart with odds of at most ${Number(odds.toPrecision(2)).toLocaleString("en")} to 1, but for a chance of ${delta}.`
      : "In words: this promises next to nothing; more noise or fewer rounds would.",
    ...(nominal === undefined
      ? []
      : [`Nominal, as the paper prints it: epsilon ${nominal.epsilon} for ${nominal.of}.`]),
    `Not covered: ${guarantee.notCovered}.`,
  ];
}
