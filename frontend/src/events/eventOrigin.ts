import type { SyncStatus } from "./eventSync.ts";

/** Where the page's events come from, in words; undefined where no index is configured: then all are the chain's. */
export function eventOrigin({ index }: SyncStatus): string | undefined {
  if (index === undefined) return undefined;
  const { to, refusal } = index;
  const name = `the index ${new URL(index.url).host}`;
  if (to !== undefined) {
    const problem = refusal === undefined ? "" : `: the index ${refusal}`;
    return `Events up to block ${to} from ${name}, then from the chain${problem}`;
  }
  return `Events from the chain: ${refusal === undefined ? `nothing was taken from ${name}` : `${name} ${refusal}`}`;
}
