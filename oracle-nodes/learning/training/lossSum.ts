import * as tf from "@tensorflow/tfjs-core";
import { TrainingDivergedError } from "../engines/engine.ts";

/**
 * The losses of an epoch. Where reading is free, each is read at once; elsewhere they are summed on the device and read
 * at the end of the epoch, so that the device never waits for the reader.
 */
export class LossSum {
  readonly #readsEachStep: boolean;
  #steps = 0;
  #sum = 0;
  #queued: tf.Scalar | undefined;

  constructor(readsEachStep: boolean) {
    this.#readsEachStep = readsEachStep;
  }

  /** Sum over the samples of the epoch, of what was read. */
  get total(): number {
    return this.#sum;
  }

  /** Begins another epoch. */
  reset(): void {
    this.#sum = 0;
  }

  /**
   * Adds the mean loss of a batch, which it disposes of; gives it back where it was read.
   * @throws {TrainingDivergedError} when it is not a number.
   */
  async add(mean: tf.Scalar, size: number): Promise<number | undefined> {
    this.#steps++;
    if (this.#readsEachStep) {
      const loss = await valueOf(mean);
      if (!Number.isFinite(loss)) throw diverged(`its loss is ${loss} in step ${this.#steps}`);
      this.#sum += loss * size;
      return loss;
    }
    const before = this.#queued;
    this.#queued = tf.tidy(() => {
      const sum = tf.mul(mean, size);
      return tf.keep(before === undefined ? sum : tf.add(before, sum)) as tf.Scalar;
    });
    tf.dispose([mean, ...(before === undefined ? [] : [before])]);
    return undefined;
  }

  /** Reads what is still on the device. @throws {TrainingDivergedError} when it is not a number. */
  async read(): Promise<void> {
    if (this.#queued === undefined) return;
    const queued = this.#queued;
    this.#queued = undefined;
    this.#sum += await valueOf(queued);
    if (!Number.isFinite(this.#sum)) throw diverged(`its loss is ${this.#sum} by step ${this.#steps}`);
  }

  dispose(): void {
    this.#queued?.dispose();
    this.#queued = undefined;
  }
}

/** The error of a training that left the range of numbers. */
export function diverged(what: string): TrainingDivergedError {
  return new TrainingDivergedError(`Training diverged: ${what}`, {
    hint: "Lower the learning rate or the momentum",
  });
}

async function valueOf(tensor: tf.Scalar): Promise<number> {
  const [value = Number.NaN] = await tensor.data();
  tensor.dispose();
  return value;
}
