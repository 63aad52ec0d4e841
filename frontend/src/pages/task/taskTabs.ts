/** The parts of a task's page, as the address names them and as readers do. */
export const TASK_TABS = [
  ["now", "Now"],
  ["rounds", "Rounds"],
  ["curves", "Curves"],
  ["terms", "Terms"],
  ["roster", "Roster"],
  ["model", "Model"],
] as const;
export type TaskTab = (typeof TASK_TABS)[number][0];

/** What the address of a task's page says after the question mark. */
export interface TaskSearch {
  readonly tab?: TaskTab | undefined;
  readonly round?: number | undefined;
  readonly retry?: number | undefined;
}

export function parseTaskSearch(search: Readonly<Record<string, unknown>>): TaskSearch {
  const tab = TASK_TABS.find(([name]) => name === search["tab"])?.[0];
  return { tab, round: whole(search["round"]), retry: whole(search["retry"]) };
}

function whole(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
