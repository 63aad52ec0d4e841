import { expect } from "chai";
import { join } from "node:path";
import { nextSteps } from "#cli/publish/nextSteps";
import type { Address } from "#protocol/ids";

const arbiter = `0x${"ab".repeat(20)}` as Address;

describe("The next steps after a publication", () => {
  it("name the task that members join, and the files only where they were written", () => {
    const written = nextSteps(7, "task", { minStake: 0n, arbiter }).join("\n");
    expect(written).to.contain(`artifact add ${join("task", "manifest.json")} `);
    expect(written).to.contain("whether it is running or not");
    expect(written).to.contain("task join 7 ").and.not.to.contain("--trust");
    const served = nextSteps(7, undefined, { minStake: 0n, arbiter }).join("\n");
    expect(served)
      .to.contain("task join 7 --config node.yaml --provider ")
      .and.not.to.contain("artifact add");
  });

  it("name the arbiter whom members must confirm where they stake", () => {
    const staked = nextSteps(7, "task", { minStake: 1n, arbiter }).join("\n");
    expect(staked).to.contain(
      `if they trust the arbiter with their stake:  concordat task join 7 --config node.yaml --trust ${arbiter}`,
    );
  });
});
