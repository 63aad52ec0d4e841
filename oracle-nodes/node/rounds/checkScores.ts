import { ScoreKind } from "@concordat/protocol/contracts/enums";
import { InputError } from "@concordat/protocol/errors";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";

/**
 * The contract chooses by the terms whether high or low scores are good, nodes make them as the manifest says.
 * @throws {InputError} when the two contradict each other: negotiation would choose the worst candidate.
 */
export function checkScores(
  { scoreKind }: Pick<TaskTerms, "scoreKind">,
  { evaluation }: Pick<TaskManifest, "evaluation">,
): void {
  const wanted = evaluation.metric === "mae" ? ScoreKind.Error : ScoreKind.Accuracy;
  if (scoreKind === wanted) return;
  const [terms, manifest] =
    scoreKind === ScoreKind.Error ? ["errors", "accuracies"] : ["accuracies", "errors"];
  throw new InputError(`The task's terms expect ${terms} as scores, but its manifest makes ${manifest}`, {
    hint: "Leave the task: its publisher has to publish it again",
  });
}
