// oxlint-disable no-control-regex -- unseen letters are what is looked for
import { expect } from "chai";
import { HOSTILE_IMAGE, type HostileTask } from "./hostile.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

describe("a task that is there to harm its readers, in the browser", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let hostile: HostileTask;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    ({ hostile } = fixture);
    await fixture.federation.startTask();
  });

  after(async () => fixture?.close());

  it("cannot be staked for, or joined, before each foreign address is confirmed by name", async () => {
    const { nodes, contracts, connection } = fixture.federation;
    const node = nodes[2];
    if (node === undefined) throw new Error("The federation has too few nodes");
    const token = await connection.ethers.getContractAt("NamedToken", hostile.token);
    const author = await connection.ethers.getImpersonatedSigner(hostile.account);
    await (await token.connect(author).getFunction("transfer")(node.operator.address, 2n ** 101n)).wait();
    const visitor = await fixture.visit(node.operator);
    const { page, wallet } = visitor;
    await visitor.open(`/tasks/${hostile.taskId}`);
    await page.getByText("This task is not run by the contracts of this page’s address book").waitFor();
    await connect(visitor);
    const boxes = page.getByRole("checkbox", { name: /^I know and trust 0x/ });
    await boxes.first().waitFor();
    const named = await boxes.evaluateAll((list) =>
      list.map((box) => (box as HTMLInputElement).labels?.[0]?.textContent?.trim()),
    );
    expect(named.toSorted()).to.deep.equal(
      [hostile.account, hostile.token].map((address) => `I know and trust ${address}`).toSorted(),
    );
    const text = await page.locator(".foreign").first().innerText();
    for (const word of ["coordinator", "arbiter", "reward ledger", "the task’s own publisher"]) {
      expect(text).to.contain(word);
    }
    expect(text).to.contain(await contracts.coordinator.getAddress());
    const stake = page.getByRole("button", { name: "Stake", exact: true });
    const join = page.getByRole("button", { name: /^Join task/ });
    expect(await stake.isEnabled()).to.equal(false);
    await boxes.first().check();
    expect(await stake.isEnabled()).to.equal(false);
    await boxes.nth(1).check();
    await stake.and(page.locator(":enabled")).waitFor();
    expect(await join.isEnabled()).to.equal(false);
    await boxes.first().uncheck();
    expect(await stake.isEnabled()).to.equal(false);
    expect(wallet?.asked).to.not.include("eth_sendTransaction");
    expect(wallet?.asked).to.not.include("eth_signTypedData_v4");
    // Another visit to the page asks again.
    await visitor.open("/tasks/2");
    await visitor.open(`/tasks/${hostile.taskId}`);
    await boxes.first().waitFor();
    expect(await boxes.first().isChecked()).to.equal(false);
    await visitor.close();
  });

  it("shows its contracts and tokens beside those of the address book", async () => {
    const visitor = await fixture.visit();
    await visitor.open(`/tasks/${hostile.taskId}?tab=terms`);
    const card = visitor.page.locator("section").filter({ hasText: "Contracts and tokens" });
    expect(await card.getByText("not in the address book", { exact: true }).count()).to.equal(4);
    expect(await card.getByText("in the address book", { exact: true }).count()).to.equal(1);
    await visitor.close();
  });

  it("makes no page wider than its window, runs no script, and hides or turns nothing", async () => {
    const path = `/tasks/${hostile.taskId}`;
    for (const width of [360, 1280]) {
      const visitor = await fixture.visit(fixture.federation.nodes[3]?.operator, { width });
      const { page } = visitor;
      await visitor.open("/tasks");
      await connect(visitor);
      for (const place of [
        "/",
        "/tasks",
        path,
        `${path}?tab=terms`,
        `${path}?tab=roster`,
        "/nodes",
        "/audit",
      ]) {
        await visitor.open(place);
        if (place.startsWith(path)) await page.getByRole("heading", { level: 1, name: /WWW/ }).waitFor();
        if (place === "/audit") await page.locator(".events summary").first().click();
        expect(await overflow(visitor), `${place} at ${width} is wider by`).to.be.at.most(0);
        expect(await page.locator("main").innerText()).to.not.match(
          /[\u0000-\u0008\u200E\u200F\u202A-\u202E]/,
        );
      }
      expect(await page.evaluate(() => document.body.dataset["ran"])).to.equal(undefined);
      await visitor.close();
    }
  });

  it("would be noticed on any page that were too wide, ran its script, took its text for markup, or threw", async () => {
    const visitor = await fixture.visit();
    await visitor.open("/tasks");
    await visitor.page.evaluate((image) => {
      const wide = document.createElement("div");
      wide.style.width = "3000px";
      wide.textContent = "wide";
      const markup = document.createElement("img");
      markup.src = image;
      document.body.append(wide, markup);
      document.body.dataset["ran"] = "1";
      console.error("told of an error");
      setTimeout(() => {
        throw new Error("thrown");
      });
    }, HOSTILE_IMAGE);
    const [failure] = await Promise.allSettled([visitor.close()]);
    expect(failure.status).to.equal("rejected");
    const told = visitor.faults.join("\n");
    for (const fault of [
      /px wider than its window of 1280 px/,
      /ran a script/,
      /into markup/,
      /told of an error/,
      /thrown/,
      /Content Security Policy/,
    ]) {
      expect(told).to.match(fault);
    }
  });

  it("teaches nobody to publish endpoints that lead nowhere, in the words of the command line", async () => {
    const node = fixture.federation.nodes[3];
    if (node === undefined) throw new Error("The federation has too few nodes");
    const visitor = await fixture.visit(node.operator);
    const { page, wallet } = visitor;
    await visitor.open("/nodes");
    await connect(visitor);
    const change = page.getByRole("button", { name: "Change the endpoints" });
    const field = page.getByLabel("New endpoints");
    for (const [endpoints, problem] of [
      ["https://a.example:8080", "Write it as /dns4/a.example/tcp/8080/https"],
      ["localhost:8080", "is not an address that nodes understand"],
      ["/ip4/0.0.0.0/tcp/8080/http", "a node that dials 0.0.0.0 reaches itself"],
      [
        "/dns4/a.example/tcp/4001/p2p/12D3KooWGRUVh8CcsGeqgqmXdhcKS5bVVhcGxuLDJmXSL2cFvoUa",
        "names no HTTP gateway",
      ],
    ] as const) {
      await field.fill(endpoints);
      await page.getByText(problem).waitFor();
      expect(await change.isEnabled(), endpoints).to.equal(false);
    }
    await field.fill("/ip4/127.0.0.1/tcp/8080/http");
    await page.getByText("only on its own machine").waitFor();
    await field.fill("/dns4/a.example/tcp/8080/https");
    await change.and(page.locator(":enabled")).waitFor();
    expect(wallet?.asked).to.not.include("eth_sendTransaction");
    await visitor.close();
  });

  function overflow({ page }: Visitor): Promise<number> {
    return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  }
});
