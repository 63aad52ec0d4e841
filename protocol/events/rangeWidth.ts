/** Ranges that are answered before a width is tried again that was refused; doubled with each refusal after that. */
const PATIENT_RANGES = 8;
/** Where a refused width is nearer than this part of the present one, going nearer is not worth a refusal. */
const NEAR = 1 / 8;

/** The widths of range queries. */
export interface RangeWidths {
  /** Blocks of the first query. */
  readonly first: number;
  /** Blocks of one query at most. */
  readonly widest: number;
}

/**
 * How many blocks the next query covers, by what an endpoint answered and refused before: doubled while it answers, divided
 * when it refuses, then nearer and nearer to what it refuses. Endpoints limit blocks, results or time, so that a limit of
 * yesterday's blocks need not be one of today's: after a while a refused width is tried again.
 */
export class RangeWidth {
  #blocks: number;
  #widest: number;
  /** The widest range that was answered below the refused width; 0 where there is none. */
  #good = 0;
  #refused = Infinity;
  #answered = 0;
  #patience = PATIENT_RANGES;

  constructor({ first, widest }: RangeWidths) {
    this.#blocks = Math.min(first, widest);
    this.#widest = widest;
  }

  get blocks(): number {
    return this.#blocks;
  }

  /** Sets the most that a query may cover from now on. */
  limit(widest: number): void {
    this.#widest = widest;
    this.#blocks = Math.min(this.#blocks, widest);
  }

  /** A range was answered. @param fitting Blocks of the next one at most, where its answer should not be larger. */
  answered(fitting = Infinity): void {
    this.#good = Math.max(this.#good, this.#blocks);
    if (this.#refused < Infinity && ++this.#answered >= this.#patience) this.#refused = Infinity;
    this.#blocks = Math.max(1, Math.min(this.#wider(), this.#widest, fitting));
  }

  /** A range of so many blocks was refused. @param parts Into how many it is divided where none so wide was answered yet. */
  refused(blocks: number, parts = 2): void {
    if (this.#answered >= this.#patience) this.#patience *= 2;
    this.#answered = 0;
    this.#refused = blocks;
    if (this.#good >= blocks) this.#good = 0;
    const divided = Math.max(1, Math.floor(blocks / parts));
    this.#blocks = Math.min(this.#widest, this.#good > 0 ? this.#good : divided);
  }

  #wider(): number {
    if (this.#refused === Infinity) return this.#blocks * 2;
    const room = this.#refused - this.#blocks;
    return room > this.#blocks * NEAR ? this.#blocks + Math.floor(room / 2) : this.#blocks;
  }
}
