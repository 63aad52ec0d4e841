import { expect } from "chai";
import { join } from "node:path";
import { nextSteps } from "../../oracle-nodes/src/cli/publish/nextSteps.ts";

describe("The next steps after a publication", () => {
  it("name the task that members join, and the files only where they were written", () => {
    const written = nextSteps(7, "task").join("\n");
    expect(written).to.contain(`artifact add ${join("task", "manifest.json")} `);
    expect(written).to.contain("task join 7 ");
    const served = nextSteps(7, undefined).join("\n");
    expect(served).to.contain("task join 7 ").and.not.to.contain("artifact add");
  });
});
