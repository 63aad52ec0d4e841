/** Lets the process, or the page, serve what waits meanwhile: its peers, its timers, its user. */
export async function giveWay(): Promise<void> {
  await new Promise<void>((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}
