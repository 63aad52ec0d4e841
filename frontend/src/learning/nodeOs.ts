/** In place of Node's, for the check of a node's endpoints: a page does not know the addresses of its machine. */
export function networkInterfaces(): Record<string, never> {
  return {};
}
