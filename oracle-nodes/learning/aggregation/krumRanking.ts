import type { MemberId } from "@concordat/protocol/ids";
import type { AdmittedUpdates } from "./admitUpdates.ts";
import type { Pacer } from "./pacer.ts";
import type { Update } from "./rule.ts";
import { squaredDistances } from "./squaredDistances.ts";

/** What Krum thinks of each update. */
export interface KrumRanking {
  /** The update with the best score. */
  readonly best: Update;
  /** All but the f worst, ascending by memberId. */
  readonly accepted: readonly Update[];
  /** Members with the f worst scores, ascending. */
  readonly rejected: readonly MemberId[];
}

/**
 * Ranks updates by Krum score, least first, ties to the lowest memberId, and rejects the f worst.
 * Source: Blanchard et al. 2017, section 4, with squared distances, where paper 2 writes plain ones; DESIGN.md sections 4
 * and 8.
 */
export async function krumRanking(admitted: AdmittedUpdates, f: number, pace: Pacer): Promise<KrumRanking> {
  const { updates } = admitted;
  const distances = await squaredDistances(admitted, pace);
  const ranked = updates
    .map((update, i) => ({ update, score: krumScore(distances[i] as Float64Array, i, f) }))
    .toSorted((a, b) => a.score - b.score) // stable: ties stay in ascending memberId
    .map(({ update }) => update);
  const rejected = new Set(ranked.slice(updates.length - f).map(({ memberId }) => memberId));
  return {
    best: ranked[0] as Update,
    accepted: updates.filter(({ memberId }) => !rejected.has(memberId)),
    rejected: [...rejected].toSorted((a, b) => a - b),
  };
}

/** Sum of the n - f - 2 smallest squared distances from update `self` to the others, added in ascending order. */
export function krumScore(distances: Float64Array, self: number, f: number): number {
  const others = distances.filter((_, j) => j !== self).toSorted();
  return others.subarray(0, distances.length - f - 2).reduce((sum, distance) => sum + distance, 0);
}
