import { expect } from "chai";
import { createElement as h } from "react";
import type { FunctionComponent } from "react";
import type * as UseFederation from "#frontend/chain/useFederation.ts";
import { openStand } from "./stand.ts";
import type { Stand } from "./stand.ts";

type Components = Readonly<Record<string, FunctionComponent<Record<string, unknown>>>>;

/** In Berlin clocks go from 3 back to 2 on 25 October 2026 at 1:00 UTC, and from 2 on to 3 on 28 March 2027 at 1:00 UTC. */
const ZONE = "Europe/Berlin";
const AUTUMN = Date.UTC(2026, 9, 25, 1) / 1000;
const SPRING = Date.UTC(2027, 2, 28, 1) / 1000;
const HOUR = 3600;
const DAY = 86_400;

describe("moments beside their distance from the chain's time", function () {
  this.timeout(120_000);
  let stand: Stand;
  let zone: string | undefined;
  before(async () => {
    zone = process.env["TZ"];
    process.env["TZ"] = ZONE;
    stand = await openStand();
  });
  after(async () => {
    await stand.close();
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });

  for (const [what, ahead, told] of [
    ["now", 0, "0 s ago"],
    ["a second ago", -1, "1 s ago"],
    ["the next second", 1, "in 1 s"],
    ["just below a minute", -59, "59 s ago"],
    ["a minute", -60, "1 min ago"],
    ["just below an hour", 3599, "in 59 min 59 s"],
    ["an hour", HOUR, "in 1 h"],
    ["just below a day", -(DAY - 1), "23 h 59 min ago"],
    ["a day", -DAY, "1 day ago"],
    ["a day and a second", DAY + 1, "in 1 day 1 s"],
    ["two weeks", 14 * DAY, "in 14 days"],
    ["years", -(1000 * DAY + 5 * HOUR + 59), "1000 days 5 h ago"],
  ] as const) {
    it(`${what}: ${told}`, async () => {
      const now = SPRING;
      expect(await distance(now + ahead, now)).to.equal(told);
    });
  }

  it("on the night on which clocks go back, two moments of one name are told apart by distance and machine", async () => {
    const [first, second] = [AUTUMN - HOUR / 2, AUTUMN + HOUR / 2];
    const shown = [await show(first, second + HOUR), await show(second, second + HOUR)];
    expect(shown[0]?.date).to.equal(shown[1]?.date).and.contain("2:30");
    expect(shown.map(({ distance: told }) => told)).to.deep.equal(["2 h ago", "1 h ago"]);
    expect(shown.map(({ iso }) => iso)).to.deep.equal([
      "2026-10-25T00:30:00.000Z",
      "2026-10-25T01:30:00.000Z",
    ]);
  });

  it("across the night on which clocks go forward, a day has 24 hours, though the clock says 25", async () => {
    const before = SPRING - 12 * HOUR;
    const { date, distance: told } = await show(before + DAY, before);
    expect(told).to.equal("in 1 day");
    expect(date).to.contain("3:00").and.contain("28");
    expect((await show(before, before)).date)
      .to.contain("2:00")
      .and.contain("27");
  });

  it("what terms may hold, though no calendar does, is told all the same", async () => {
    const { date, iso, distance: told } = await show(2 ** 40 - 1, SPRING);
    expect(date).to.match(/\d{5}/);
    expect(iso).to.match(/^\+\d{6}-/);
    expect(told).to.match(/^in \d+ days \d+ h$/);
  });

  it("goes on with the chain's clock, and from ahead to ago", async () => {
    let now = SPRING;
    const { holder, tick } = await render(SPRING + 1, () => now);
    expect(holder.textContent).to.match(/\(in 1 s\)$/);
    now += 2.7;
    await tick();
    expect(holder.textContent).to.match(/\(1 s ago\)$/);
  });

  async function distance(at: number, now: number): Promise<string | undefined> {
    return (await show(at, now)).distance;
  }

  /** What a reader sees of a moment at a time. */
  async function show(at: number, now: number) {
    const { holder } = await render(at, () => now);
    const [, date, told] = /^(.+) \((.+)\)$/.exec(holder.textContent ?? "") ?? [];
    return { date, distance: told, iso: holder.querySelector("time")?.dateTime };
  }

  /** A moment by a clock that the test moves: `tick` is what the page does every second. */
  async function render(at: number, now: () => number) {
    const { Federation } = await stand.load<typeof UseFederation>("chain/useFederation.ts");
    const { Moment } = await stand.load<Components>("ui/Moment.tsx");
    if (Moment === undefined) throw new Error("There is no Moment");
    const ticks: (() => void)[] = [];
    const { setInterval } = globalThis;
    globalThis.setInterval = ((tick: () => void) => ticks.push(tick)) as unknown as typeof setInterval;
    try {
      const page = h(Federation, { value: { store: { now } } as never }, h(Moment, { at }));
      const holder = await stand.show(page);
      return { holder, tick: () => stand.act(() => ticks.forEach((tick) => tick())) };
    } finally {
      globalThis.setInterval = setInterval;
    }
  }
});
