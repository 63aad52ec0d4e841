/** The outcome of `promise`, or the signal's reason as soon as it aborts, even where `promise` does not listen to it. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    // Also where nobody waits for it any more: its failure must not end the process.
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
