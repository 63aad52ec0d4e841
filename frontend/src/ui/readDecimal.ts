/** What stands between whole and parts in the reader's numbers: a point in English, a comma in German. */
export const DECIMAL: string =
  new Intl.NumberFormat().formatToParts(1.5).find(({ type }) => type === "decimal")?.value ?? ".";

/**
 * A number as people type it in their own language, with a point instead: "12,5" in German is "12.5". Undefined where it is
 * none, and where nobody can tell: "1.000" is a thousand for those who write a comma, and one for all others.
 */
export function readDecimal(text: string, decimal = DECIMAL): string | undefined {
  const typed = text.trim();
  if (decimal !== "." && /^\d{1,3}(\.\d{3})+$/.test(typed)) return undefined;
  const plain = decimal === "." ? typed : typed.replace(decimal, ".");
  return /^\d+(\.\d+)?$/.test(plain) ? plain : undefined;
}

/** A number with a point as the reader's language writes it. */
export function writeDecimal(text: string, decimal = DECIMAL): string {
  return text.replace(".", decimal);
}
