/** What a terminal obeys instead of showing it, and what turns the order of a line's letters round. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is about
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text of a stranger (a token's symbol, a node's endpoints, a task's name) as it may stand on a terminal: what would be
 * obeyed is replaced, what is too long is cut.
 */
export function printable(text: string, most = 600): string {
  const shown = text.replace(UNPRINTABLE, "\ufffd");
  return shown.length > most ? `${shown.slice(0, most)}...` : shown;
}
