/** A reader of how much a total grew since it was asked last. */
export function sinceLast(total: () => number): () => number {
  let last = total();
  return () => {
    const before = last;
    last = total();
    return last - before;
  };
}
