/** A number as people type one, such as 0.5 or 1e-5; undefined for anything else. */
export function readNumber(text: string): number | undefined {
  return /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : undefined;
}
