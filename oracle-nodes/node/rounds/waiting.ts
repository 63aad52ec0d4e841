import { setTimeout as sleep } from "node:timers/promises";
import type { Head, HeadWatcher } from "@concordat/chain/heads/headWatcher";

/**
 * Resolves with the first of two: a newer block than `seen`, or the end of a time, so that nobody waits for ever where no
 * block comes. @throws the signal's reason.
 */
export async function nextLook(
  heads: Pick<HeadWatcher, "after">,
  seen: Head,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const either = new AbortController();
  const ends = AbortSignal.any([signal, either.signal]);
  try {
    await Promise.race([heads.after(seen, ends), sleep(withinMs, undefined, { signal: ends })]);
  } finally {
    either.abort();
  }
}

/** Whether a piece of work ends within a time. Its failure is an end, too. */
export async function endsWithin(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const late = sleep(withinMs, false, { signal: timer.signal }).catch(() => false);
  const isEnded = await Promise.race([ended, late]);
  timer.abort();
  return isEnded;
}
