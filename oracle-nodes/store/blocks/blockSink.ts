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

  /** Where the next bytes go: what is put there counts once {@link filled} says so. @throws {Error} as {@link write} does. */
  get space(): Uint8Array {
    if (!this.#isOpen) throw new Error("the block is not wanted any more");
    return this.#room.subarray(this.#length);
  }

  /** Takes the bytes that were put at the beginning of {@link space}. */
  filled(length: number): void {
    this.#length += length;
  }

  /** Takes the next bytes of the block. @throws {Error} when they are more than allowed, or nobody wants them any more. */
  write(part: Uint8Array): void {
    const { space } = this;
    if (part.length > space.length) throw new Error(`the block has more than ${this.#room.length} bytes`);
    space.set(part);
    this.filled(part.length);
  }

  /** Takes nothing from now on: another source may be filling the same room, and what was verified stays as it is. */
  close(): void {
    this.#isOpen = false;
  }
}
