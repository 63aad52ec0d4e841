import { RangeWidth } from "./rangeWidth.ts";
import type { RangeWidths } from "./rangeWidth.ts";

/** What an endpoint answered for blocks `from` to `to`, both included. */
export interface AnsweredRange<Answer> {
  readonly from: number;
  readonly to: number;
  readonly answer: Answer;
}

/**
 * What a failure means: "stop" where fewer blocks would fail as well, "again" where the same range may be asked for now (who
 * judges has paused, and ends that), or into how many parts the range is divided.
 */
export type RangeVerdict = "stop" | "again" | { readonly parts: number };

/** How ranges of blocks are read. */
export interface RangeReader<Answer> extends RangeWidths {
  readonly read: (from: number, to: number) => Promise<Answer>;
  readonly judge: (
    error: unknown,
    range: { readonly from: number; readonly to: number },
  ) => RangeVerdict | Promise<RangeVerdict>;
}

/**
 * Reads blocks `from` to `to` a range at a time, ascending, each block once, in ranges that the endpoint answers.
 * @throws the failure of a range that is not divided, and of a single block.
 */
export async function* readRanges<Answer>(
  { read, judge, ...widths }: RangeReader<Answer>,
  from: number,
  to: number,
): AsyncGenerator<AnsweredRange<Answer>> {
  const width = new RangeWidth(widths);
  for (let start = from; start <= to;) {
    const end = Math.min(to, start + width.blocks - 1);
    let answer: Answer;
    try {
      answer = await read(start, end);
    } catch (error) {
      const verdict = await judge(error, { from: start, to: end });
      if (verdict === "again") continue;
      if (verdict === "stop" || start === end) throw error;
      width.refused(end - start + 1, verdict.parts);
      continue;
    }
    yield { from: start, to: end, answer };
    start = end + 1;
    width.answered();
  }
}
