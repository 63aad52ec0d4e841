import { expect } from "chai";
import type { FunctionFragment } from "ethers";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture } from "./dappFixture.ts";

describe("reading in the browser", function () {
  this.timeout(120_000);
  let fixture: DappFixture;

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    await fixture.federation.startTask();
    await fixture.federation.playRound();
  });

  after(async () => fixture?.close());

  it("the task's round is shown without a wallet, from its configured origins alone, under the page's policy", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2?tab=rounds&round=1");
    const table = page.getByRole("region", { name: "Accuracy table" });
    await table.getByText("(chosen)").waitFor({ state: "attached" });
    expect(await table.getByRole("row").count()).to.equal(1 + 4 + 2);
    expect(await table.locator("thead [data-chosen=true]").textContent()).to.contain("1 (chosen)");
    await page.getByText("3 of 4 must attest, 3 did").waitFor();
    expect(await page.getByText("accepted", { exact: true }).count()).to.equal(4);
    const gateways = [1, 2, 3, 4].map((node) => `http://127.0.0.1:${10_000 + node}`);
    const allowed = [
      new URL(fixture.site.url).origin,
      fixture.rpcUrl,
      fixture.hostileHost.origin,
      ...gateways,
    ];
    expect([...visitor.origins].filter((origin) => !allowed.includes(origin))).to.deep.equal([]);
    await visitor.close();
  });

  it("scripts that are not the page's own do not run", async () => {
    const visitor = await fixture.visit();
    await visitor.open("/tasks");
    const ran = await visitor.page.evaluate(
      async () =>
        new Promise<string[]>((resolve) => {
          // In a task of its own: what a debugger evaluates is exempt from the policy.
          setTimeout(() => {
            const names: string[] = [];
            const script = document.createElement("script");
            script.textContent = "document.body.dataset.inline = 'ran'";
            document.body.append(script);
            if (document.body.dataset["inline"] === "ran") names.push("inline script");
            try {
              // oxlint-disable-next-line no-new-func
              new Function("return 1")();
              names.push("evaluated text");
            } catch {
              // As it should be.
            }
            resolve(names);
          });
        }),
    );
    expect(ran).to.deep.equal([]);
    // The browser tells of the script that it refused, and of nothing else.
    const refused = visitor.faults.splice(0);
    expect(refused.filter((fault) => /Content Security Policy/.test(fault))).to.deep.equal(refused);
    expect(refused).to.not.have.length(0);
    await visitor.close();
  });

  it("a first visit loads the scripts that index.html names, whose size the bundle report bounds, and no other", async () => {
    // Tasks have manifests, and what checks these is loaded when there are any.
    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    // Nor does the registry count any.
    const { nodeRegistry, taskRegistry } = fixture.federation.contracts;
    const counts = [nodeRegistry, taskRegistry].flatMap(({ interface: { fragments } }) =>
      fragments.flatMap((each) =>
        each.type === "function" && (each as FunctionFragment).name.endsWith("Count")
          ? [(each as FunctionFragment).selector]
          : [],
      ),
    );
    proxy.alter = ({ method, params }, result) => {
      if (method === "eth_getLogs") return [];
      const { data = "" } = (params as readonly { data?: string }[] | undefined)?.[0] ?? {};
      return method === "eth_call" && counts.includes(data.slice(0, 10)) ? `0x${"0".repeat(64)}` : result;
    };
    fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
    const visitor = await fixture.visit();
    const loaded = new Set<string>();
    visitor.page.on("request", (request) => {
      if (request.resourceType() === "script") loaded.add(basename(new URL(request.url()).pathname));
    });
    await visitor.open("/");
    const page = await readFile(join(fixture.site.folder, "index.html"), "utf8");
    const named = [...page.matchAll(/(?:src|href)="\.\/(?:assets\/)?([^"]+\.js)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(named).to.not.have.length(0);
    expect([...loaded].toSorted()).to.deep.equal(named.toSorted());
    await visitor.open("/tasks");
    await visitor.page.getByText("No task has been published yet.").waitFor();
    await visitor.close();
    await proxy.down();
    fixture.site.config = await fixture.config();
  });

  it("a browser that blocks storage shows the page all the same, and says what it cannot keep", async () => {
    const visitor = await fixture.visit();
    const { page } = visitor;
    await page.addInitScript(() => {
      for (const storage of ["localStorage", "indexedDB"]) {
        Object.defineProperty(window, storage, {
          get: () => {
            throw new DOMException("Access is denied for this document", "SecurityError");
          },
        });
      }
    });
    await visitor.open("/publish");
    await page.getByLabel("Name", { exact: true }).fill("Not kept");
    await page.getByText("This browser does not keep the draft").waitFor();
    await visitor.close();
  });

  it("while the endpoint is down the page says so and as of which block; once it is back it goes on by itself", async () => {
    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
    const visitor = await fixture.visit();
    const { page } = visitor;
    await visitor.open("/tasks/2");
    await proxy.down();
    await page.getByText("The network’s endpoint does not answer.").waitFor();
    await page.getByText(/as of block \d+, no connection/).waitFor();
    await fixture.federation.train();
    await proxy.up();
    await page.getByText("The network’s endpoint does not answer.").waitFor({ state: "detached" });
    await page.getByText("4 of 4 updates").waitFor();
    await visitor.close();
    await proxy.down();
    fixture.site.config = await fixture.config();
  });

  it("announced blocks are shown at once, and a lost WebSocket is made again", async () => {
    const announcements = fixture.rpcUrl.replace("http", "ws");
    fixture.site.config = await fixture.config({ webSocketUrl: announcements, pollMs: 600_000 });
    const visitor = await fixture.visit();
    const { page } = visitor;
    const links: { close(): Promise<void> }[] = [];
    await page.routeWebSocket(/.*/, (link) => {
      links.push(link);
      link.connectToServer();
    });
    await visitor.open("/nodes");
    await page.getByText("Blocks are announced by WebSocket").waitFor();
    const { nodeRegistry } = fixture.federation.contracts;
    const [first, second] = fixture.federation.nodes;
    if (first === undefined || second === undefined) throw new Error("The federation has too few nodes");
    await nodeRegistry.connect(first.operator).proposeRemoval(2);
    await page.getByText("Vote 1:").waitFor();
    await links[0]?.close();
    await page.getByText(/The chain is asked every/).waitFor();
    await nodeRegistry.connect(second.operator).proposeRemoval(1);
    await page.getByText("Vote 2:").waitFor();
    expect(links.length).to.be.at.least(2);
    await visitor.close();
    fixture.site.config = await fixture.config();
  });

  it("wrong configurations are told in one sentence each", async () => {
    const book = (await fixture.config())["networks"] as {
      addressBook: { contracts: Record<string, string> };
    }[];
    const addressBook = book[0]?.addressBook;
    const elsewhere = {
      ...addressBook,
      contracts: { ...addressBook?.contracts, StakeVault: `0x${"11".repeat(20)}` },
    };
    const cases: readonly (readonly [config: unknown, sentence: RegExp])[] = [
      [{ format: "concordat/dapp/1", networks: [] }, /must have at least one network/],
      [await fixture.config({ rpcUrls: ["ftp://x"] }), /rpcUrls\.0 must be an address that begins with/],
      [await fixture.config({ addressBook: elsewhere }), /No contract stands at the address of StakeVault/],
      [
        await fixture.config({ addressBook: { ...addressBook, chainId: 5 } }),
        /serves chain 31337, the address book is of chain 5/,
      ],
    ];
    const visitor = await fixture.visit();
    for (const [config, sentence] of cases) {
      fixture.site.config = config;
      await visitor.page.goto("about:blank");
      await visitor.page.goto(`${fixture.site.url}#/tasks`);
      await visitor.page.getByRole("alert").filter({ hasText: sentence }).waitFor();
    }
    fixture.site.config = await fixture.config();
    await visitor.close();
  });

  it("on a phone every page fits its width, and the keyboard reaches the navigation", async () => {
    const visitor = await fixture.visit(undefined, { width: 360, dark: true });
    const { page } = visitor;
    for (const path of [
      "/",
      "/tasks",
      "/tasks/2",
      "/tasks/2?tab=rounds&round=1",
      "/tasks/2?tab=terms",
      "/tasks/2?tab=roster",
      "/tasks/2?tab=curves",
      "/nodes",
      "/publish",
      "/audit",
    ]) {
      await visitor.open(path);
      if (path.includes("round=")) await page.getByRole("region", { name: "Accuracy table" }).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `${path} is wider than the screen by`).to.be.at.most(0);
    }
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal("Skip to the page");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal("main");
    await visitor.close();
  });
});
