/** A block and the one that it stands on. */
export interface BlockLink {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
}

/** Blocks that are remembered. */
const KEPT = 1024;
/** Parents that are followed at most. */
const LONGEST_WALK = 256;

/** The blocks of one branch that were seen lately, by number. */
export class RecentBlocks {
  readonly #blocks = new Map<number, BlockLink>();

  add({ number, hash, parent }: BlockLink): void {
    this.#blocks.delete(number);
    this.#blocks.set(number, { number, hash, parent });
    for (const [oldest] of this.#blocks) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(oldest);
    }
  }

  has({ number, hash }: Pick<BlockLink, "number" | "hash">): boolean {
    return this.#blocks.get(number)?.hash === hash;
  }

  /** Forgets this block and all above it: another branch took their place. */
  forgetFrom(number: number): void {
    for (const known of this.#blocks.keys()) if (known >= number) this.#blocks.delete(known);
  }

  /**
   * The ancestor of a block at a height, found by following parents; undefined where one of them cannot be had or the way is
   * too long. What is learnt on the way is remembered.
   */
  async ancestorOf(
    block: BlockLink,
    height: number,
    read: (hash: string) => Promise<BlockLink | undefined>,
  ): Promise<BlockLink | undefined> {
    let at: BlockLink | undefined = block;
    for (let steps = 0; at !== undefined && at.number > height; steps++) {
      if (steps === LONGEST_WALK) return undefined;
      const { number, parent }: BlockLink = at;
      const known = this.#blocks.get(number - 1);
      at = known?.hash === parent ? known : await read(parent);
      if (at !== undefined && at.hash !== parent) return undefined;
      if (at !== undefined) this.add(at);
    }
    return at;
  }
}
