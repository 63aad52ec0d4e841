/** Looks for something once; undefined where what it found cannot be used. Ends when its signal aborts. */
type Try<T> = (signal: AbortSignal) => Promise<T | undefined>;

/**
 * Tries one after another until one finds something usable: the next starts as soon as one is found wanting, and beside one that
 * has kept it waiting for `nextAfterMs`. What is under way then is told to stop.
 * @returns undefined when every try was found wanting. @throws what a try throws, and the signal's reason.
 */
export async function firstUsable<T>(
  tries: readonly Try<T>[],
  nextAfterMs: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  const [only] = tries;
  if (tries.length === 1) return only?.(signal);
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const found = new AbortController();
  const either = AbortSignal.any([signal, found.signal]);
  let started = 0;
  let wanting = 0;
  let timer: NodeJS.Timeout | undefined;
  const startNext = (): void => {
    clearTimeout(timer);
    const next = tries[started];
    if (next === undefined) return;
    started++;
    timer = setTimeout(startNext, nextAfterMs);
    const settle = (result: T | undefined): void => {
      if (result !== undefined) resolve(result);
      else if (++wanting === tries.length) resolve(undefined);
      else startNext();
    };
    next(either).then(settle, reject);
  };
  startNext();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    found.abort(new Error("another one was quicker"));
  }
}
