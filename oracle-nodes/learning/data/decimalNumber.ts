/** Digits with at most one point and one exponent. What other notations mean depends on who reads them. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
/** Longer texts are not looked at for what their writer may have meant. */
const MOST_GROUPED = 60;
const OTHER_BASE = /^[+-]?0[xob]/i;
const GROUPED = /^[+-]?\d[\d.,'’_\s]*[,'’_\s][\d.,]*$/;

/** The greatest number that float32 holds. */
const GREATEST = (2 - 2 ** -23) * 2 ** 127;
/** The least positive number that float32 holds in full precision. Some engines take anything nearer to 0 for 0. */
const LEAST = 2 ** -126;
/** Up to here float32 holds every whole number. */
const MOST_WHOLE = 2 ** 24;

/** A cell read as a number, or why it is none: what follows "is ..., ". */
export type ReadNumber =
  | {
      readonly value: number;
      /** Set where it was nearer to 0 than float32 holds, and became 0. */
      readonly isVanished?: true;
    }
  | { readonly problem: string; readonly hint: string };

/**
 * Reads a number in decimal notation that float32, in which models compute, can hold. Refused are hexadecimal, octal and
 * binary notation, Infinity and NaN, separators between thousands, decimal commas, and numbers beyond 3.4e38. What is nearer to 0
 * than 1.2e-38 is 0, on every engine; what is between is rounded to the nearest float32, about seven digits.
 */
export function readDecimal(text: string): ReadNumber {
  if (DECIMAL.test(text)) {
    const found = holdable(Number(text));
    // So near to 0 that even its double is 0.
    const isVanished = "value" in found && found.value === 0 && /^[^e]*[1-9]/i.test(text);
    return isVanished ? { value: 0, isVanished } : found;
  }
  if (OTHER_BASE.test(text)) {
    return { problem: "not a decimal number", hint: "Write it in decimal, or call the column a category" };
  }
  if (text.length <= MOST_GROUPED && GROUPED.test(text)) {
    return {
      problem: "not a number: use a point before decimals, and nothing between thousands",
      hint: "Write it like 1234.5",
    };
  }
  return { problem: "not a number", hint: "Correct the value, or call the column a category" };
}

/** Whether float32 holds a number, as {@link readDecimal} says; also for what is computed from one. */
export function holdable(value: number): ReadNumber {
  // Rounding decides: what is a little beyond the greatest still rounds to it.
  if (!(Math.abs(Math.fround(value)) <= GREATEST)) {
    return { problem: "beyond what a model's float32 holds (3.4e38)", hint: "Correct or scale the value" };
  }
  if (value !== 0 && Math.abs(value) < LEAST) return { value: 0, isVanished: true };
  return { value };
}

/** Whether a whole number loses digits in float32, so that different ones, like times or keys, become equal. */
export function losesDigits(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) > MOST_WHOLE && Math.fround(value) !== value;
}
