import { giveWay } from "../giveWay.ts";
import { ArtifactError } from "@concordat/protocol/errors";
import type { Bps } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { accuracyBps, type Evaluation, type TrainableModel } from "../engines/engine.ts";
import type { Samples } from "../data/samples.ts";

/**
 * The personalised model of paper 1, Eq. 2: w = alpha w_k + (1 - alpha) w_G, in float64, rounded once to float32,
 * so that equal inputs give equal bits everywhere.
 * @throws {ArtifactError} when the two models have different tensors.
 */
export function mix(alphaBps: Bps, local: ModelTensors, global: ModelTensors): ModelTensors {
  if (local.length !== global.length)
    throw new ArtifactError("The local and the global model have different tensors");
  const [a, b] = [alphaBps / 10_000, (10_000 - alphaBps) / 10_000];
  return local.map(({ name, shape, data }, i) => {
    const other = global[i];
    if (other?.name !== name || other.data.length !== data.length) {
      throw new ArtifactError(`The local and the global model differ in tensor ${name}`);
    }
    const mixed = new Float32Array(data.length);
    for (let j = 0; j < mixed.length; j++) mixed[j] = a * (data[j] ?? 0) + b * (other.data[j] ?? 0);
    return { name, shape, data: mixed };
  });
}

/**
 * The table of one node in negotiation: the score of each candidate alpha on the node's validation split, by default in
 * basis points, floor(10,000 correct / total).
 */
export async function scoreCandidates(
  model: TrainableModel,
  alphas: readonly Bps[],
  local: ModelTensors,
  global: ModelTensors,
  validation: Samples,
  signal?: AbortSignal,
  score: (result: Evaluation) => number = accuracyBps,
): Promise<number[]> {
  const scores: number[] = [];
  for (const alpha of alphas) {
    scores.push(score(await model.evaluate(mix(alpha, local, global), validation, signal)));
    await giveWay();
  }
  return scores;
}
