// oxlint-disable no-control-regex -- unseen letters are what is looked for
/** Controls, and what turns the direction of text or hides in it: a stranger's name must not rewrite what stands beside it. */
const UNSEEN =
  /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu;
/** More marks on one letter than any language has climb over the lines above and below. */
const STACKED = /(\p{M}{3})\p{M}+/gu;

/** A text that a stranger chose, without what cannot be seen; at most `most` characters, the rest as an ellipsis. */
export function plainText(text: string, most = Number.POSITIVE_INFINITY): string {
  const plain = text.replaceAll(UNSEEN, " ").replaceAll(STACKED, "$1").trim();
  const letters = Array.from(plain.slice(0, 2 * Math.min(most, plain.length) + 2));
  return letters.length > most ? `${letters.slice(0, most).join("")}…` : plain;
}
