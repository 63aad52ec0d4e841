import { expect } from "chai";
import { startNodes } from "#demo/startNodes";

describe("the nodes of a demonstration", () => {
  it("start a few at a time, each when an earlier one is up, and all of them", async () => {
    let up = 0;
    let most = 0;
    const started: number[] = [];
    const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
    const finish = (): void => {
      up += 1;
      for (const { count, resolve } of waiting) if (count <= up) resolve();
    };
    await startNodes({
      nodes: Array.from({ length: 50 }, (_, i) => i + 1),
      atOnce: 3,
      start: (node) => {
        started.push(node);
        most = Math.max(most, started.length - up);
        setImmediate(finish);
      },
      untilUp: async (count) =>
        new Promise((resolve) => {
          if (count <= up) resolve();
          else waiting.push({ count, resolve });
        }),
    });
    expect(started).to.deep.equal(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(most).to.equal(3);
    expect(up).to.equal(50);
  });

  it("start no further where one fails", async () => {
    const started: number[] = [];
    const failed = startNodes({
      nodes: [1, 2, 3, 4],
      atOnce: 2,
      start: (node) => started.push(node),
      untilUp: async (count) => {
        if (count > 0) throw new Error("node 1 ended");
      },
    });
    const error = await failed.catch((cause: unknown) => cause);
    expect(String(error)).to.contain("node 1 ended");
    expect(started).to.deep.equal([1, 2]);
  });
});
