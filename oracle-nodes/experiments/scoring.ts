import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Evaluation } from "@concordat/learning/engines/engine";
import type { RoundContext, ScoreRow } from "./trajectory.ts";
import type { Member } from "./members.ts";

/**
 * Scores a model of one member as the context asks. A skewed test split is the clean one with foreign images added, so
 * each image is scored once: correct answers on the clean images count in every level.
 */
export async function scoreMember(
  { federation, scoring }: Pick<RoundContext, "federation" | "scoring">,
  scheme: string,
  member: Member,
  weights: ModelTensors,
): Promise<ScoreRow[]> {
  const { model, signal } = federation;
  const row = (split: string, { correct, total }: Evaluation): ScoreRow => ({
    scheme,
    node: member.id,
    split,
    correct,
    total,
  });
  switch (scoring) {
    case "none":
      return [];
    case "validation":
      return [row("validation", await model.evaluate(weights, member.validation, signal))];
    case "test": {
      const clean = await model.evaluate(weights, member.test, signal);
      const rows = [row("test", clean)];
      for (const { split, samples } of member.foreign) {
        const added = await model.evaluate(weights, samples, signal);
        rows.push(row(split, { correct: clean.correct + added.correct, total: clean.total + added.total }));
      }
      return rows;
    }
  }
}

/** Scores a model, or a model of each member, for one scheme. */
export async function scoreScheme(
  context: RoundContext,
  scheme: string,
  modelFor: (member: Member) => ModelTensors,
): Promise<ScoreRow[]> {
  const rows: ScoreRow[] = [];
  if (context.scoring === "none") return rows;
  for (const member of context.federation.members)
    rows.push(...(await scoreMember(context, scheme, member, modelFor(member))));
  return rows;
}
