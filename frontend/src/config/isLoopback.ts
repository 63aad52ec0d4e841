/** Whether only this machine reaches it, so that what it serves is served to nobody else. */
export function isLoopback(origin: string): boolean {
  const { hostname } = new URL(origin);
  return /(^|\.)localhost$|^127(\.\d+){3}$|^\[::1\]$/.test(hostname);
}
