import type { CompressionTerms } from "#manifest/compressionTerms";
import type { StoredSpec } from "../safetensors.ts";
import { elementCount, isStatistic } from "../tensors.ts";
import type { TensorSpec } from "../tensors.ts";
import { indexSetBytes } from "./indexSet.ts";

/** Terms under which an update is stored as a change. */
export type CompressedTerms = Exclude<CompressionTerms, { readonly kind: "none" }>;

/** How the specs and the terms lay out a compressed update's file. */
export interface UpdateLayout {
  readonly isSparse: boolean;
  readonly isQuantised: boolean;
  /** Trainable weights, in manifest order; where each tensor's ones end; and how many are kept. */
  readonly size: number;
  readonly ends: readonly number[];
  readonly kept: number;
  readonly sections: readonly StoredSpec[];
}

/** The sections stand in the order in which they are stored: float32 first, so that it is aligned. */
export function updateLayout(specs: readonly TensorSpec[], terms: CompressedTerms): UpdateLayout {
  const ends: number[] = [];
  for (const spec of specs.filter((candidate) => !isStatistic(candidate)))
    ends.push((ends.at(-1) ?? 0) + elementCount(spec.shape));
  const size = ends.at(-1) ?? 0;
  const isSparse = terms.kind !== "quantised";
  const isQuantised = terms.kind !== "top-k";
  const kept = isSparse ? Math.ceil((size * terms.keepBps) / 10_000) : size;
  const sections: StoredSpec[] = specs
    .filter(isStatistic)
    .map((spec) => ({ name: statisticName(spec), shape: spec.shape }));
  if (isQuantised) sections.push({ name: "scales", shape: [ends.length] });
  sections.push({ name: "values", shape: [kept], dtype: isQuantised ? "I8" : "F32" });
  if (isSparse) sections.push({ name: "indices", shape: [indexSetBytes(kept, size)], dtype: "U8" });
  return { isSparse, isQuantised, size, ends, kept, sections };
}

/** The prefix keeps a manifest's names apart from those of the other sections. */
export function statisticName({ name }: TensorSpec): string {
  return `statistic/${name}`;
}

/** A trainable tensor's part of the kept weights: their places among all kept ones, and where its weights begin. */
export interface KeptRange {
  readonly from: number;
  readonly to: number;
  /** Its first weight's index among all trainable ones. */
  readonly start: number;
}

/** The kept weights of each trainable tensor, which stand together since indices ascend; all weights without indices. */
export function keptRanges(
  indices: Uint32Array | undefined,
  { ends }: Pick<UpdateLayout, "ends">,
): KeptRange[] {
  let from = 0;
  return ends.map((end, tensor) => {
    const range = { from, to: end, start: ends[tensor - 1] ?? 0 };
    if (indices === undefined) return { ...range, from: range.start };
    let to = from;
    while (to < indices.length && (indices[to] ?? 0) < end) to++;
    from = to;
    return { ...range, to };
  });
}
