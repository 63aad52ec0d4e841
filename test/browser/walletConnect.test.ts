import { once } from "node:events";
import { expect } from "chai";
import { decode } from "fast-png";
import jsqr from "jsqr";
import type { TestNode } from "../contracts/federation.ts";
import { axeFindings } from "./axe.ts";
import { PhoneWallet } from "./phoneWallet.ts";
import { Relay } from "./relay.ts";
import { DappFixture, type Visitor } from "./dappFixture.ts";

const PROJECT = "a project of the test";
/** Milliseconds for which the page waits for a wallet's answer. */
const ANSWER_MS = 300_000;

describe("a wallet on a phone, in the browser", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let node: TestNode;
  let relay: Relay;
  let phone: PhoneWallet;
  let visitor: Visitor;
  let sockets: string[];

  before(async function () {
    const opened = await DappFixture.open(1);
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const [first] = fixture.federation.nodes;
    if (first === undefined) throw new Error("The federation has no node");
    node = first;
  });

  beforeEach(async () => {
    relay = await Relay.open();
    phone = await PhoneWallet.open(relay.url, node.operator);
    fixture.site.config = {
      ...(await fixture.config()),
      walletConnect: { projectId: PROJECT, relayUrl: relay.url },
    };
    await enter();
  });

  afterEach(async () => {
    if (fixture === undefined) return;
    await visitor.context.close();
    await phone.close();
    await relay.close();
    // WalletConnect's client leaves a second copy of these to nobody.
    expect(visitor.faults.filter((fault) => !/^(Request|Proposal) expired/.test(fault))).to.deep.equal([]);
    // Nobody outside of this machine: neither WalletConnect's makers nor a wallet's.
    expect([...visitor.origins].filter((origin) => new URL(origin).hostname !== "127.0.0.1")).to.deep.equal(
      [],
    );
    expect(sockets.filter((url) => !url.startsWith(relay.url))).to.deep.equal([]);
  });

  after(async () => fixture?.close());

  it("is not offered where the configuration names no project, and nothing of it is loaded", async () => {
    fixture.site.config = await fixture.config();
    const { page } = visitor;
    const loaded = await chunks();
    await visitor.open("/work");
    await page.getByRole("button", { name: "Connect wallet" }).click();
    await page.getByText("No wallet was found in this browser.").waitFor();
    expect(await page.getByRole("button", { name: "WalletConnect" }).count()).to.equal(0);
    expect(loaded).to.deep.equal([]);
    expect(sockets).to.deep.equal([]);
  });

  it("is offered where it does, and loaded and called only once chosen", async () => {
    const { page } = visitor;
    const loaded = await chunks();
    await visitor.open("/work");
    await page.getByRole("button", { name: "Connect wallet" }).click();
    await page.getByRole("button", { name: "WalletConnect" }).waitFor();
    expect(loaded).to.deep.equal([]);
    expect(sockets).to.deep.equal([]);
    await page.getByRole("button", { name: "WalletConnect" }).click();
    await link();
    expect(loaded).to.have.length(1);
    expect(relay.frames.map(({ project }) => project)).to.include(PROJECT);
  });

  it("connects by the link, sends a transaction, stays over a reload, and is told when the page parts", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    await connect();
    expect(phone.pages).to.deep.equal([new URL(fixture.site.url).origin]);

    await changeEndpoints("/ip4/127.0.0.1/tcp/21001/http");
    await page.locator("[data-state=confirmed]").waitFor();
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/21001/http");

    await page.reload();
    await page.getByRole("button", { name: account() }).waitFor();
    await changeEndpoints("/ip4/127.0.0.1/tcp/21002/http");
    await page.locator("[data-state=confirmed]").waitFor();
    expect(await endpoints()).to.equal("/ip4/127.0.0.1/tcp/21002/http");
    expect(phone.asked).to.deep.equal(["eth_sendTransaction", "eth_sendTransaction"]);
    // The page gives the relay sealed messages, and nothing of what they are about.
    const sent = relay.frames.flatMap(({ project, text }) => (project === PROJECT ? [text] : [])).join("\n");
    expect(sent).to.include("irn_publish").and.not.include("eth_sendTransaction").and.not.include("tvf");
    expect(sent.toLowerCase()).not.to.include(node.operator.address.slice(2).toLowerCase());

    const parted = phone.parted();
    await page.getByRole("button", { name: account() }).click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
    await parted;
    const loaded = await chunks();
    await page.reload();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
    expect(loaded).to.deep.equal([]);
  });

  it("shows a code that says what the link says, also in the dark, and on a phone leads to the app", async () => {
    const { page, context } = visitor;
    await page.emulateMedia({ colorScheme: "dark" });
    await visitor.open("/work");
    await choose();
    const uri = await link();
    const { data, width, height, channels } = decode(
      await page.getByRole("img", { name: "Code for your wallet’s camera" }).screenshot(),
    );
    const pixels = new Uint8ClampedArray(width * height * 4).map((_, index) =>
      index % 4 === 3 ? 255 : (data[Math.floor(index / 4) * channels + (index % 4)] ?? 0),
    );
    expect((jsqr as unknown as typeof jsqr.default)(pixels, width, height)?.data).to.equal(uri);
    expect(await axeFindings(page)).to.deep.equal([]);
    const open = page.getByRole("link", { name: "Open the wallet’s app" });
    expect(await open.count()).to.equal(0);
    const devtools = await context.newCDPSession(page);
    await devtools.send("Emulation.setTouchEmulationEnabled", { enabled: true });
    await devtools.send("Emulation.setEmitTouchEventsForMouse", { enabled: true, configuration: "mobile" });
    expect(await open.getAttribute("href")).to.equal(uri);
  });

  it("that is disconnected there is disconnected here", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    await connect();
    await phone.disconnect();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
  });

  it("that was disconnected there while the page was away is disconnected here", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    await connect();
    await page.goto("about:blank");
    await phone.disconnect();
    await visitor.open("/nodes");
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
  });

  it("that one tab parts with is gone from the others", async () => {
    const { page, context } = visitor;
    await visitor.open("/nodes");
    await connect();
    const other = await context.newPage();
    await other.goto(page.url());
    await other.getByRole("button", { name: account() }).click();
    await other.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
  });

  it("whose owner declines the connection, or a transaction, is told so", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    phone.owner.declines = true;
    await choose();
    await phone.pair(await link());
    await page.getByText("You declined this in your wallet. Nothing was sent.").waitFor();
    phone.owner.declines = false;
    await page.getByRole("button", { name: "WalletConnect" }).click();
    await phone.pair(await link());
    await page.getByRole("button", { name: account() }).waitFor();
    phone.owner.declines = true;
    const before = await endpoints();
    await changeEndpoints("/ip4/127.0.0.1/tcp/21003/http");
    await page
      .locator("[data-state=failed]")
      .getByText("You declined this in your wallet. Nothing was sent.")
      .waitFor();
    expect(await endpoints()).to.equal(before);
  });

  it("behind a relay that is absent is not waited for, and connects once the relay is there", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    relay.leave();
    await choose();
    await page
      .getByText(`The relay ${relay.url} does not answer, or does not know this site’s project.`)
      .waitFor();
    relay.comeBack();
    await page.getByRole("button", { name: "WalletConnect" }).click();
    await phone.pair(await link());
    await page.getByRole("button", { name: account() }).waitFor();
  });

  it("is no longer waited for once the dialog is closed, and what it accepts later counts for nothing", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    await choose();
    let accept = (): void => undefined;
    phone.owner.beforeDeciding = () =>
      new Promise((resolve) => {
        accept = resolve;
      });
    const proposed = once(phone.events, "proposed");
    const first = await link();
    await phone.pair(first);
    await proposed;
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Connect wallet" }).click();
    await page.getByRole("button", { name: "WalletConnect" }).and(page.locator(":enabled")).waitFor();
    expect(await page.getByRole("alert").count()).to.equal(0);
    const decided = once(phone.events, "decided");
    accept();
    await decided;
    phone.owner.beforeDeciding = () => Promise.resolve();
    await page.getByRole("button", { name: "WalletConnect" }).click();
    const second = await link();
    expect(second).not.to.equal(first);
    await phone.pair(second);
    await page.getByRole("button", { name: account() }).waitFor();
  });

  it("that never answers a proposal or a request is given up after five minutes", async () => {
    const { page } = visitor;
    await page.clock.install();
    await visitor.open("/nodes");
    await choose();
    await link();
    await page.clock.fastForward(ANSWER_MS + 10_000);
    await page.getByText("No wallet has answered within five minutes.").waitFor();
    await page.getByRole("button", { name: "WalletConnect" }).click();
    await phone.pair(await link());
    await page.getByRole("button", { name: account() }).waitFor();
    phone.owner.isAway = true;
    const asked = once(phone.events, "asked");
    await changeEndpoints("/ip4/127.0.0.1/tcp/21004/http");
    await asked;
    await page.clock.fastForward(ANSWER_MS + 10_000);
    await page.getByText("Your wallet has not answered within five minutes").waitFor();
  });

  it("that leaves while it is asked ends the waiting", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    await connect();
    phone.owner.isAway = true;
    const asked = once(phone.events, "asked");
    await changeEndpoints("/ip4/127.0.0.1/tcp/21005/http");
    await asked;
    await phone.disconnect();
    await page.getByText("The connection to your wallet has ended").first().waitFor();
    await page.getByRole("button", { name: "Connect wallet" }).waitFor();
  });

  it("on another chain is told so, and goes over where its session covers the page’s", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    phone.owner.chains = [31_337, 1];
    await connect();
    await phone.switchTo(1);
    await page.getByRole("button", { name: "Wrong network" }).click();
    await page.getByText("Your wallet is on chain 1;").waitFor();
    await page.getByRole("button", { name: "Switch to test network" }).click();
    await page.getByText(/WalletConnect · test network/).waitFor();
  });

  it("that knows only another chain is told so, and what to do about it", async () => {
    const { page } = visitor;
    await visitor.open("/nodes");
    phone.owner.chains = [1];
    await choose();
    await phone.pair(await link());
    await page.getByRole("button", { name: "Wrong network" }).click();
    await page.getByRole("button", { name: "Switch to test network" }).click();
    await page.getByText("Your wallet’s session does not cover test network.").waitFor();
    await page.getByText("Disconnect, switch test network on in the wallet, and connect again.").waitFor();
  });

  async function enter(): Promise<void> {
    visitor = await fixture.visit();
    sockets = [];
    visitor.page.on("websocket", (socket) => sockets.push(socket.url()));
  }

  /** WalletConnect's chunks that the page asks for from now on. */
  async function chunks(): Promise<string[]> {
    const loaded: string[] = [];
    visitor.page.on("request", (request) => {
      if (/remoteWallet/.test(request.url())) loaded.push(request.url());
    });
    return loaded;
  }

  async function choose(): Promise<void> {
    await visitor.page.getByRole("button", { name: "Connect wallet" }).click();
    await visitor.page.getByRole("button", { name: "WalletConnect" }).click();
  }

  async function link(): Promise<string> {
    return (await visitor.page.getByText(/^wc:/).textContent()) ?? "";
  }

  async function connect(): Promise<void> {
    await choose();
    await phone.pair(await link());
    await visitor.page.getByRole("button", { name: account() }).waitFor();
  }

  function account(): RegExp {
    return new RegExp(`^${node.operator.address.slice(0, 6)}`);
  }

  async function changeEndpoints(address: string): Promise<void> {
    await visitor.page.getByLabel("New endpoints").fill(address);
    const submit = visitor.page.getByRole("button", { name: "Change the endpoints" });
    await submit.and(visitor.page.locator(":enabled")).click();
  }

  async function endpoints(): Promise<string> {
    return (await fixture.federation.contracts.nodeRegistry.node(node.nodeId)).endpoints;
  }
});
