import { addAbortListener } from "node:events";

/** The outcome of `promise`, or the signal's reason as soon as it aborts, even where `promise` does not listen to it. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const listener = addAbortListener(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(() => listener[Symbol.dispose]());
  });
}
