import { expect } from "chai";

/** Waits for a promise to fail, and gives the error if it is of the class that was expected. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  kind: abstract new (...args: never[]) => E,
): Promise<E> {
  const outcome = await promise.then(
    () => "a value",
    (error: unknown) => error,
  );
  if (outcome instanceof kind) return outcome;
  return expect.fail(`expected ${kind.name}, got ${String(outcome)}`);
}
