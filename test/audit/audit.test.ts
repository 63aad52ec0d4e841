import { expect } from "chai";
import { audit } from "../../audit/audit.ts";
import { CHECK_KINDS } from "../../audit/checks.ts";
import type { Story } from "./story.ts";
import { beginStory, playEventfulTask, playFailures, playStakedTask } from "./story.ts";

describe("auditing an honest federation", () => {
  let story: Story;
  before(async () => {
    story = await beginStory();
    await playEventfulTask(story.federation);
    await playStakedTask(story.federation);
    await playFailures(story.federation);
  });

  it("agrees with every decision", async () => {
    const { source, deployment } = story;
    const report = await audit({ chain: { source }, addressBook: deployment });
    console.log(
      report.checks
        .filter((c) => !c.agrees)
        .map((c) => JSON.stringify(c))
        .join("\n"),
    );
    expect(report.firstDisagreement).to.equal(undefined);
    expect(report.agrees).to.equal(true);
    console.log(report.counts, CHECK_KINDS.length);
  });
});
