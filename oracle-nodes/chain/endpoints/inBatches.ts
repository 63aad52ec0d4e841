import PQueue from "p-queue";

/** Questions that an endpoint is asked at once: enough to be quick, few enough for a public one. */
const AT_ONCE = 16;

/** Asks for every item, some at a time; the answers stand in the order of the items. The first failure ends it. */
export async function inBatches<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const queue = new PQueue({ concurrency: AT_ONCE });
  return queue.addAll(items.map((item) => async () => ask(item))).finally(() => queue.clear());
}

/** The numbers from 1 to `count`. */
export function upTo(count: number | bigint): number[] {
  return Array.from({ length: Number(count) }, (_, i) => i + 1);
}
