import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { TrainableModel } from "../engines/engine.ts";
import type { Samples } from "../data/samples.ts";

export interface LocalBaselineOptions {
  /** The model that the federation starts from. */
  readonly initial: ModelTensors;
  readonly samples: Samples;
  readonly hyper: TaskManifest["training"];
  readonly rounds: number;
  readonly member: number;
  readonly signal?: AbortSignal;
  readonly onRound?: (round: number, loss: number) => void;
}

/**
 * The baseline Local of paper 1: a node trains alone for as many rounds and with the same shuffles as in the
 * federation, each round from its own last model. (FedAvg needs no training of its own: with the training base
 * `global` its models are the federation's global models.)
 */
export async function trainLocalBaseline(
  model: TrainableModel,
  options: LocalBaselineOptions,
): Promise<ModelTensors> {
  const { initial, samples, hyper, rounds, member, signal, onRound } = options;
  let weights = initial;
  for (let round = 1; round <= rounds; round++) {
    const result = await model.train({ weights, samples, hyper, round, member, ...(signal && { signal }) });
    weights = result.weights;
    onRound?.(round, result.loss);
  }
  return weights;
}
