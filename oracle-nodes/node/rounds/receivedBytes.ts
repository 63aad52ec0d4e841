import { blockBytes } from "@concordat/protocol/artifacts/contentAddress";

/** Counts the bytes of the blocks that a node fetched for one task. */
export class ReceivedBytes {
  readonly #onChange: (total: number) => void;
  #total = 0;
  #taken = 0;

  constructor(onChange: (total: number) => void) {
    this.#onChange = onChange;
  }

  /** Notes an artifact that came from others. */
  add({ length }: Uint8Array): void {
    this.#total += blockBytes(length);
    this.#onChange(this.#total);
  }

  /** Bytes since this was asked last. */
  take(): number {
    const since = this.#total - this.#taken;
    this.#taken = this.#total;
    return since;
  }
}
