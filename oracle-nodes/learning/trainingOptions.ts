import type { TaskManifest } from "@concordat/protocol/manifest/manifest";

/** How nodes train, where the publisher says it; the rest suits the dataset. */
export type TrainingOptions = Partial<
  Pick<TaskManifest["training"], "localEpochs" | "batchSize" | "learningRate" | "momentum">
>;

/** What is given of how nodes train. */
export function givenTraining(options: TrainingOptions): TrainingOptions {
  const { localEpochs, batchSize, learningRate, momentum } = options;
  return {
    ...(localEpochs !== undefined && { localEpochs }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    ...(momentum !== undefined && { momentum }),
  };
}
