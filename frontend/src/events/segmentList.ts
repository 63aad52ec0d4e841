import type { Segment } from "./segment.ts";

/** Newest segments that stay apart, so that a reorganisation costs only what it changed. */
const LOOSE = 48;
/** Logs of a merged segment at most. */
const LARGEST = 4_000;

/**
 * Merges all but the newest segments with their neighbours. Gives the new list, and the block from which it differs
 * from the old one.
 */
export function mergeSettled(segments: readonly Segment[]): { merged: readonly Segment[]; from: number } {
  if (segments.length < 2 * LOOSE) return { merged: segments, from: Infinity };
  const settled = segments.slice(0, Math.max(0, segments.length - LOOSE));
  const merged: Segment[] = [];
  let changed: number | undefined;
  for (const segment of settled) {
    const last = merged.at(-1);
    const isApart = last?.index !== segment.index;
    if (last === undefined || isApart || last.logs.length + segment.logs.length > LARGEST) {
      merged.push(segment);
      continue;
    }
    changed ??= last.from;
    merged[merged.length - 1] = { ...segment, from: last.from, logs: [...last.logs, ...segment.logs] };
  }
  return { merged: [...merged, ...segments.slice(settled.length)], from: changed ?? Infinity };
}
