import { InterruptedError } from "./interruptedError.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Milliseconds in which a second signal is the echo of the first: a terminal signals a whole process group at once. */
const ECHO_MS = 1000;

/**
 * A signal that aborts on Ctrl-C, SIGTERM, SIGHUP, or when the process that started this one over a channel is gone, so
 * that its work can stop in order. A second Ctrl-C leaves at once; what must happen even then stands in an `exit` listener.
 */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  const interrupt = (): void => {
    if (first === 0) {
      first = Date.now();
      controller.abort(new InterruptedError());
    } else if (Date.now() - first > ECHO_MS) process.exit(130);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  if (process.channel !== undefined) {
    process.once("disconnect", interrupt);
    process.channel.unref();
  }
  return controller.signal;
}

/** Waits for `work`, but not beyond an interruption, which is thrown. What `work` itself does is its own to stop. */
export async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
