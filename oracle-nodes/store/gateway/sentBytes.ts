/** Counts the bytes of the blocks that a store sent to others. */
export class SentBytes {
  #total = 0;

  get total(): number {
    return this.#total;
  }

  readonly add = (bytes: number): void => {
    this.#total += bytes;
  };
}
