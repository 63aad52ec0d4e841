import type { TaskTerms } from "./taskTerms.ts";

/** Whether two publications mean the same task: terms that are equal but for the moments that follow from the time of asking. */
export function isSameTask(a: TaskTerms, b: TaskTerms): boolean {
  const timeless = ({ startTime, timeLimit, ...terms }: TaskTerms): string =>
    JSON.stringify(
      Object.entries({ ...terms, lasts: timeLimit - startTime }).map(([key, value]) => [key, String(value)]),
    );
  return timeless(a) === timeless(b);
}

/** Whether terms are equal in everything. */
export function isSameTerms(a: TaskTerms, b: TaskTerms): boolean {
  return a.startTime === b.startTime && isSameTask(a, b);
}
