const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/**
 * A length of time in words: its two greatest units, rounded down, e.g. "2 hours 5 minutes", "90 days", "0 seconds".
 * @param seconds Negative lengths count as nothing.
 */
export function durationWords(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const words: string[] = [];
  for (const [unit, size] of UNITS) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) words.push(`${n} ${unit}${n === 1 ? "" : "s"}`);
    // A smaller unit says something only right below a greater one: "3 days 5 seconds" would be read as a mistake.
    else if (words.length > 0) break;
    if (words.length === 2) break;
  }
  return words.length === 0 ? "0 seconds" : words.join(" ");
}

/** A moment in unix seconds as a date for people everywhere, e.g. "2026-12-01 10:00 UTC". */
export function dateWords(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  // Terms may hold any number of 40 bits and contracts of strangers any at all.
  if (Number.isNaN(date.getTime())) return `second ${unixSeconds} since 1970`;
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** A moment as seen from another, both in unix seconds, e.g. "in 3 hours (2026-12-01 10:00 UTC)". */
export function momentWords(unixSeconds: number, now: number): string {
  const ahead = unixSeconds - now;
  const distance =
    ahead === 0 ? "now" : ahead > 0 ? `in ${durationWords(ahead)}` : `${durationWords(-ahead)} ago`;
  return `${distance} (${dateWords(unixSeconds)})`;
}
