import { sha256, toUtf8Bytes } from "ethers";
import { recordDigests } from "./datasetDigest.ts";
import type { Split } from "./dataset.ts";

export interface Draw {
  /** How many to draw: all where there are no more. */
  readonly count: number;
  readonly seed: number;
  /** What the records are drawn for: draws for different purposes are independent. */
  readonly purpose: string;
  /** Whether what is left over is used as well: then it has one of each class before the draw has. */
  readonly usesRest?: boolean;
}

/**
 * Draws records of a split, each as likely as any other, by the smallest hashes of seed and content. So a record's luck is its
 * own: whatever comes, goes or is sorted differently, those that were drawn stay unless newer ones precede them. Where there is
 * room each class that is among the records gets one at least.
 *
 * @param among Indices into the split.
 * @returns The indices that were drawn, in the order of `among`.
 */
export function drawRecords(
  split: Split,
  among: readonly number[],
  { count, seed, purpose, usesRest = false }: Draw,
): readonly number[] {
  if (among.length <= count) return among;
  const copies = new Map<string, number>();
  const digests = recordDigests(split, among);
  const ranked = among
    .map((index, i) => {
      // Equal records are told apart by their number, or all of them would be drawn together.
      const digest = digests[i] ?? "";
      const copy = copies.get(digest) ?? 0;
      copies.set(digest, copy + 1);
      const rank = hash(JSON.stringify(["concordat/draw/1", seed, purpose, digest, copy]));
      return { index, rank, label: split.labels[index] ?? 0 };
    })
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  const drawn = ranked.slice(0, count);
  const rest = ranked.slice(count);
  giveEachClassOne(drawn, rest);
  if (usesRest) giveEachClassOne(rest, drawn);
  const chosen = new Set(drawn.map(({ index }) => index));
  return among.filter((index) => chosen.has(index));
}

/** Exchanges the first record of each class that only the others have for the last one that its class can spare. */
function giveEachClassOne<T extends { readonly label: number }>(own: T[], others: T[]): void {
  const counts = new Map<number, number>();
  for (const { label } of own) counts.set(label, (counts.get(label) ?? 0) + 1);
  for (const [i, record] of others.entries()) {
    if (counts.has(record.label)) continue;
    const place = own.findLastIndex(({ label }) => (counts.get(label) ?? 0) > 1);
    const spared = own[place];
    if (spared === undefined) return;
    counts.set(spared.label, (counts.get(spared.label) ?? 0) - 1);
    counts.set(record.label, 1);
    own[place] = record;
    others[i] = spared;
  }
}

function hash(text: string): string {
  return sha256(toUtf8Bytes(text));
}
