import { SeededRandom } from "../seededRandom.ts";
import type { TrainOptions } from "../engines/engine.ts";

/** Where in a task a pass over the data stands: what shuffles and dropout masks are drawn for. */
export interface EpochPlace {
  readonly round: number;
  readonly member: number;
  /** 1-based within the round. */
  readonly epoch: number;
}

/**
 * The minibatches of one epoch, as indices into the split: a shuffle that depends on the task's seed, round, member and
 * epoch alone, so that every scheme trains on the same ones. The last, smaller batch is kept.
 */
export function* minibatches(
  { samples, hyper }: Pick<TrainOptions, "samples" | "hyper">,
  { round, member, epoch }: EpochPlace,
): Generator<Uint32Array> {
  const order = new SeededRandom(hyper.seed, "shuffle", round, member, epoch).shuffle(
    Uint32Array.from(samples.indices),
  );
  for (let start = 0; start < order.length; start += hyper.batchSize) {
    yield order.subarray(start, start + hyper.batchSize);
  }
}
