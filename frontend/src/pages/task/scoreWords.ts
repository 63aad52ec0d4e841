import { ScoreKind } from "@concordat/protocol/contracts/enums";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { number, percent } from "#ui/format.ts";

/** A score in its unit: an accuracy as a percentage, an error as the scaled number that it is. */
export function scoreWords({ scoreKind }: Pick<TaskTerms, "scoreKind">, score: number): string {
  return scoreKind === ScoreKind.Accuracy ? percent(score) : `error ${number(score)}`;
}
