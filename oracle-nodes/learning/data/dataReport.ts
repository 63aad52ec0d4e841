/** Files of one kind that were not taken. */
export interface SkippedFiles {
  /** What they are, for example "of a format that is not read (bmp)". */
  readonly what: string;
  /** Their paths within the folder, in order. */
  readonly files: readonly string[];
}

/** What a reader of a folder left out or decided, which its owner would want to know. */
export interface DataReport {
  /** How the folder was understood, in sentences. */
  readonly notes: readonly string[];
  readonly skipped: readonly SkippedFiles[];
}

/** Files of a kind that are named; the others are counted. */
const NAMED = 5;

/** The report in lines. */
export function reportLines({ notes, skipped }: DataReport): string[] {
  return [...notes, ...skipped.map(skippedLine)];
}

/** How many files of a kind were skipped, and which. */
export function skippedLine({ what, files }: SkippedFiles): string {
  const hasFolder = files.some((name) => name.endsWith("/"));
  const noun = hasFolder ? ["file or folder", "files and folders"] : ["file", "files"];
  return `Skipped ${files.length} ${noun[files.length === 1 ? 0 : 1]} ${what}: ${namesOf(files)}`;
}

/** The first names of a list, and how many more there are. */
export function namesOf(names: readonly string[], most = NAMED): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
