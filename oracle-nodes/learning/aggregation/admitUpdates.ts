import { minimumUpdates, type AggregationRuleName } from "@concordat/protocol/rules/aggregationRule";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Pacer } from "./pacer.ts";
import type { Update } from "./rule.ts";
import { assertUsable } from "./usable.ts";

/** So few updates are usable that the rule cannot withstand the task's Byzantine bound; the round is void. */
export class TooFewUpdatesError extends ConcordatError {}

/** Updates in ascending memberId, at least one, all of the same tensors. */
export interface AdmittedUpdates {
  readonly updates: readonly Update[];
  /** Tensors of the first update, whose names and shapes are those of all. */
  readonly layout: ModelTensors;
}

/**
 * Puts updates into the order in which they are summed, and refuses what would make the result wrong or ambiguous.
 * @throws {TooFewUpdatesError | ArtifactError | InputError} as {@link AggregationRule.aggregate} says.
 */
export async function admitUpdates(
  rule: AggregationRuleName,
  updates: readonly Update[],
  f: number,
  pace: Pacer,
): Promise<AdmittedUpdates> {
  if (!Number.isSafeInteger(f) || f < 0) {
    throw new InputError(`${f} is not a Byzantine bound`, { hint: "Give a whole number from 0" });
  }
  const ordered = updates.toSorted((a, b) => a.memberId - b.memberId);
  const least = minimumUpdates(rule, f);
  const first = ordered[0];
  if (first === undefined || ordered.length < least) {
    throw new TooFewUpdatesError(
      `${rule} with f = ${f} needs ${least} updates, but ${ordered.length} are usable`,
      {
        facts: { rule, f, least, usable: ordered.length },
      },
    );
  }
  let totalSamples = 0;
  for (const [index, update] of ordered.entries()) {
    const { memberId, samples } = update;
    if (memberId === ordered[index - 1]?.memberId) throw new InputError(`Member ${memberId} has two updates`);
    totalSamples += samples;
    if (!Number.isSafeInteger(samples) || samples < 1 || !Number.isSafeInteger(totalSamples)) {
      throw new InputError(`Member ${memberId} reports ${samples} samples`, {
        hint: "Give samples as whole numbers from 1, and below 2^53 in total",
      });
    }
    assertUsable(update, first.tensors);
    await pace();
  }
  return { updates: ordered, layout: first.tensors };
}
