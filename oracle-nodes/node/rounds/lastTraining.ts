import type { SpentBudget } from "@concordat/protocol/artifacts/artifactMetadata";
import type { TrainResult } from "@concordat/learning/engines/engine";

/**
 * The training whose update is not stored yet. Whatever fails after it, a full disk for instance, or is begun again after a
 * reorganisation, goes on with its result: nothing is trained twice, and no privacy is spent twice.
 */
export class LastTraining {
  #kept: { readonly key: string; readonly training: PrivateTraining } | undefined;

  /** The training of this key: as it was done before, or done now. */
  async once(key: string, train: () => Promise<PrivateTraining>): Promise<PrivateTraining> {
    if (this.#kept?.key === key) return this.#kept.training;
    this.#kept = undefined;
    const training = await train();
    this.#kept = { key, training };
    return training;
  }

  /** Frees what was kept: it is on the disk. */
  forget(): void {
    this.#kept = undefined;
  }
}

/** A training, and what the node has spent in this task with it, where the task asks for privacy. */
export interface PrivateTraining {
  readonly result: TrainResult;
  readonly spent?: SpentBudget;
}
