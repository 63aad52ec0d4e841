import { expect } from "chai";
import { multiKrum } from "#learning/aggregation/multiKrum";
import { createPacer } from "#learning/aggregation/pacer";
import { seededUpdates } from "./updates.ts";

describe("pacer", () => {
  it("gives way to other work when its turn is over", async () => {
    const pace = createPacer(0);
    const order: string[] = [];
    setImmediate(() => order.push("other work"));
    await pace();
    order.push("went on");
    expect(order).to.deep.equal(["other work", "went on"]);
  });

  it("goes on at once within its turn", async () => {
    const pace = createPacer(3_600_000);
    const order: string[] = [];
    const other = new Promise<void>((resolve) =>
      setImmediate(() => {
        order.push("other work");
        resolve();
      }),
    );
    await pace();
    order.push("went on");
    await other;
    expect(order).to.deep.equal(["went on", "other work"]);
  });

  it("lets the process serve others during a large aggregation", async () => {
    const updates = seededUpdates(60, 1, 20_000);
    let served = false;
    let servedMeanwhile = false;
    setImmediate(() => (served = true));
    await multiKrum.aggregate(updates, 1).then(() => (servedMeanwhile = served));
    expect(servedMeanwhile).to.equal(true);
  }).timeout(60_000);
});
