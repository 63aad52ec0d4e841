/** Where a source puts the bytes of one block: a part of the artifact's own array, so that nothing is copied again. */
export class BlockSink {
  readonly #room: Uint8Array;
  #length = 0;
  #isOpen = true;

  constructor(room: Uint8Array) {
    this.#room = room;
  }

  /** The bytes written so far. */
  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  /** Takes the next bytes of the block. @throws {Error} when they are more than allowed, or nobody wants them any more. */
  write(part: Uint8Array): void {
    if (!this.#isOpen) throw new Error("the block is not wanted any more");
    if (part.length > this.#room.length - this.#length)
      throw new Error(`the block has more than ${this.#room.length} bytes`);
    this.#room.set(part, this.#length);
    this.#length += part.length;
  }

  /** Takes nothing from now on: another source may be filling the same room, and what was verified stays as it is. */
  close(): void {
    this.#isOpen = false;
  }
}
