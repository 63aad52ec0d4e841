import { expect } from "chai";
import fc from "fast-check";
import { readRanges } from "#protocol/events/readRanges";
import type { RangeReader } from "#protocol/events/readRanges";

const REFUSED = new Error("too many blocks");

/** An endpoint that answers for at most so many blocks, and remembers what it was asked for. */
function limited(most: (from: number) => number) {
  const asked: { readonly blocks: number; readonly isRefused: boolean }[] = [];
  const read = async (from: number, to: number): Promise<number> => {
    const blocks = to - from + 1;
    asked.push({ blocks, isRefused: blocks > most(from) });
    if (blocks > most(from)) throw REFUSED;
    return blocks;
  };
  return { read, asked };
}

async function rangesOf(reader: Partial<RangeReader<number>>, from: number, to: number) {
  const ranges: { from: number; to: number }[] = [];
  const whole = { first: 100, widest: 1_000, judge: () => ({ parts: 2 }), read: async () => 0, ...reader };
  for await (const range of readRanges(whole, from, to)) ranges.push(range);
  return ranges;
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("reading ranges of blocks", () => {
  it("covers every block once, ascending, whatever an endpoint limits", async () => {
    const limits = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(limits, fc.nat(50), fc.nat(2_000), async (most, from, length) => {
        const to = from + length;
        const { read } = limited((block) => most[Math.floor(block / 300) % most.length] ?? 1);
        const ranges = await rangesOf({ read }, from, to);
        expect(ranges[0]?.from).to.equal(from);
        expect(ranges.at(-1)?.to).to.equal(to);
        for (const [i, range] of ranges.entries()) {
          if (i > 0) expect(range.from).to.equal((ranges[i - 1]?.to ?? 0) + 1);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("asks for twice as many blocks each time while nothing is refused, up to the most", async () => {
    const { read, asked } = limited(() => Infinity);
    await rangesOf({ read }, 1, 5_000);
    expect(asked.map(({ blocks }) => blocks).slice(0, 6)).to.deep.equal([100, 200, 400, 800, 1_000, 1_000]);
  });

  it("comes near to an endpoint's limit, and then is seldom refused", async () => {
    for (const most of [10, 77, 128, 999]) {
      const { read, asked } = limited(() => most);
      await rangesOf({ read }, 1, most * 400);
      const refused = asked.filter(({ isRefused }) => isRefused).length;
      expect(asked.length - refused, `queries at ${most} blocks each`).to.be.below(550);
      expect(refused, `refusals at ${most} blocks each`).to.be.below(40);
    }
  });

  it("goes back to wide ranges once an endpoint answers for more", async () => {
    const { read, asked } = limited((from) => (from < 500 ? 20 : Infinity));
    await rangesOf({ read }, 1, 20_000);
    expect(asked.at(-2)?.blocks).to.equal(1_000);
    expect(asked.length).to.be.below(80);
  });

  it("asks again where it is told so, for the same blocks", async () => {
    let refusals = 3;
    const asked: number[][] = [];
    const read = async (from: number, to: number): Promise<number> => {
      asked.push([from, to]);
      if (refusals-- > 0) throw REFUSED;
      return 0;
    };
    await rangesOf({ read, judge: () => "again" }, 1, 50);
    expect(asked).to.deep.equal([
      [1, 50],
      [1, 50],
      [1, 50],
      [1, 50],
    ]);
  });

  it("ends in the endpoint's own error where fewer blocks would not help, or there are none", async () => {
    const never = limited(() => 0);
    expect(await failureOf(rangesOf({ read: never.read, judge: () => "stop" }, 1, 50))).to.equal(REFUSED);
    expect(never.asked).to.have.length(1);
    const single = limited((from) => (from === 7 ? 0 : 10));
    expect(await failureOf(rangesOf({ read: single.read }, 1, 50))).to.equal(REFUSED);
    expect(single.asked.at(-1)).to.deep.equal({ blocks: 1, isRefused: true });
  });
});
