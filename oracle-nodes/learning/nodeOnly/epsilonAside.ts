import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ConcordatError } from "@concordat/protocol/errors";
import type { epsilonOf } from "../privacy/accountant.ts";

/** What the thread of accountantThread.ts is asked. */
export type EpsilonQuestion = Parameters<typeof epsilonOf>;

/** Milliseconds after which a thread is given up: composing takes hundreds of them, thousands of rounds a few thousand. */
const PATIENCE_MS = 5 * 60_000;

/**
 * {@link epsilonOf} in a thread of its own: composing takes hundreds of milliseconds, in which a node answers others.
 * @throws {ConcordatError} when the thread ends, or works on, without an answer; the thread's own error.
 */
export async function epsilonAside(...question: EpsilonQuestion): Promise<number> {
  const thread = new Worker(new URL(import.meta.resolve("#nodeOnly/accountantThread")), {
    workerData: question,
  });
  const over = new AbortController();
  const either = AbortSignal.any([over.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const silent = new ConcordatError("The privacy accountant gave no answer");
  const ended = once(thread, "exit", { signal: either }).then(
    () => {
      throw silent;
    },
    () => {
      throw silent;
    },
  );
  try {
    // Rejects with the thread's error.
    const [epsilon] = (await Promise.race([once(thread, "message"), ended])) as [number];
    return epsilon;
  } finally {
    over.abort();
    await thread.terminate();
  }
}
