import type { Use } from "./mechanism.ts";

/** The same uses, each mechanism once, in the order in which they first appear. */
export function mergedUses(uses: readonly Use[]): Use[] {
  const counts = new Map<string, Use>();
  for (const { mechanism, times } of uses) {
    const key = JSON.stringify(mechanism);
    counts.set(key, { mechanism, times: (counts.get(key)?.times ?? 0) + times });
  }
  return [...counts.values()];
}
