/** In place of Node's: gives the page a turn. */
export async function setImmediate(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve);
  });
}
