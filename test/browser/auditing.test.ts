import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { EndpointProxy } from "./proxy.ts";
import { Stage } from "./stage.ts";

describe("auditing in the browser", function () {
  this.timeout(120_000);
  let stage: Stage;

  before(async function () {
    const opened = await Stage.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    stage = opened;
    await stage.federation.startTask({ rounds: 2 });
    await stage.federation.playRound();
    await stage.federation.playRound();
  });

  after(async () => stage?.close());

  it("every decision of a round, computed again in the page, agrees with the chain", async () => {
    const visitor = await stage.visit();
    await visitor.open("/audit?task=2&round=2");
    await visitor.page.getByRole("button", { name: "Recompute round 2 of task 2 here" }).click();
    await visitor.page.getByText(/^All \d+ facts agree with what the rules give\.$/).waitFor();
    const facts = visitor.page.getByRole("table", { name: "Facts of this round" });
    for (const kind of [
      "round.seed",
      "aggregate.committee",
      "round.quorum",
      "report.signature",
      "negotiation.alpha",
      "reward.bitmaps",
    ]) {
      expect(await facts.getByRole("rowheader", { name: kind }).count(), kind).to.be.at.least(1);
    }
    await visitor.close();
  });

  it("an endpoint that lies about one score is found out", async () => {
    const proxy = await EndpointProxy.open(stage.rpcUrl);
    const { coordinator } = stage.federation.contracts;
    const topic = coordinator.interface.getEvent("ReportAccepted").topicHash;
    proxy.alter = ({ method }, result) => {
      if (method !== "eth_getLogs") return result;
      return (result as { topics: string[]; data: string }[]).map((log) =>
        // The first score of each table, in the lowest lane of the third word.
        log.topics[0] === topic ? { ...log, data: replaceAt(log.data, 2 + 3 * 64 - 4, "0001") } : log,
      );
    };
    stage.site.config = await stage.config({ rpcUrls: [proxy.url] });
    const visitor = await stage.visit();
    await visitor.open("/audit?task=2&round=1");
    await visitor.page.getByRole("button", { name: /^Recompute/ }).click();
    await visitor.page.getByText(/do not agree with what the rules give/).waitFor();
    await visitor.page
      .getByRole("table", { name: "Disagreements" })
      .getByText("report.signature")
      .first()
      .waitFor();
    await visitor.close();
    await proxy.down();
    stage.site.config = await stage.config();
  });

  it("events are filtered, exported, and each has a link of its own that lasts", async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.open("/audit");
    await page.getByLabel("Event", { exact: true }).selectOption("RoundFinalised");
    await page.getByRole("heading", { name: "2 events" }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as JSON" }).click(),
    ]);
    const saved = JSON.parse(await readFile(await download.path(), "utf8")) as {
      event: string;
      fields: { round: string };
    }[];
    expect(saved.map(({ event, fields }) => [event, fields.round])).to.deep.equal([
      ["RoundFinalised", "2"],
      ["RoundFinalised", "1"],
    ]);
    const [table] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save as CSV" }).click(),
    ]);
    const lines = (await readFile(await table.path(), "utf8")).trim().split("\r\n");
    expect(lines).to.have.length(3);
    expect(lines[0]).to.equal("block,transaction,log_index,contract,event,fields");

    await page.locator("summary").first().click();
    await page.getByRole("link", { name: "to this event" }).click();
    await page.getByRole("heading", { name: "1 event" }).waitFor();
    const link = page.url();
    const reader = await stage.visit();
    await reader.page.goto(link);
    await reader.page.getByRole("heading", { name: "1 event" }).waitFor();
    expect(await reader.page.locator(".events").innerText()).to.contain("RoundFinalised");
    await visitor.close();
    await reader.close();
  });
});

function replaceAt(text: string, index: number, part: string): string {
  return text.slice(0, index) + part + text.slice(index + part.length);
}
