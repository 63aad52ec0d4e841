/** What `work` with the browser's storage gives, or `otherwise` where the browser refuses: storage is blocked, or full. */
export function ifStored<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
