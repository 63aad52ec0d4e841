import { expect } from "chai";
import { Wallet, id, parseEther } from "ethers";
import type { FrameLocator } from "playwright-core";
import type { Address } from "#protocol/ids";
import { fund, testNode } from "../contracts/federation.ts";
import { FORGED_SAFE, serveSafeHost, type SafeHost, type SafeHostOptions } from "./safeHost.ts";
import { DappFixture, type Visitor } from "./dappFixture.ts";

/** What the SDK's code holds and nothing else of the page does. */
const SDK_WORD = "requestAddressBook";

// One scenario: the tests go on where the one before ended.
describe("the page in the frame of a Safe", function () {
  this.timeout(180_000);
  let fixture: DappFixture;
  let owner: Wallet;
  let safe: Address;
  const closers: (() => Promise<void>)[] = [];

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    const { connection, contracts } = fixture.federation;
    owner = new Wallet(id("owner of a Safe"), connection.ethers.provider);
    await fund(connection, owner.address);
    const deployed = await connection.ethers.deployContract("SmartAccount", [owner.address]);
    safe = (await deployed.getAddress()) as Address;
    await contracts.token.mint(safe, parseEther("100"));
  });

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  after(async () => fixture?.close());

  interface Framed {
    readonly visitor: Visitor;
    readonly host: SafeHost;
    /** The dApp in its frame. */
    readonly app: FrameLocator;
    /** Whether the SDK has been loaded. */
    readonly hasSdk: () => Promise<boolean>;
  }

  /** Opens a page of the dApp in a Safe's frame; the page allows the Safe's origin unless others are given. */
  async function frame(
    path: string,
    {
      safeOrigins,
      chainId = 31_337,
      ...options
    }: Partial<SafeHostOptions> & { safeOrigins?: readonly string[]; chainId?: number } = {},
  ): Promise<Framed> {
    const visitor = await fixture.visit();
    const { page, context } = visitor;
    const framed = `${fixture.site.url}#${path}`;
    const host = await serveSafeHost(context, { framed, safe, owner, ...options });
    host.chainId = chainId;
    fixture.site.config = { ...(await fixture.config()), safeOrigins: safeOrigins ?? [host.origin] };
    const scripts: Promise<string>[] = [];
    page.on("response", (response) => {
      if (response.url().endsWith(".js")) scripts.push(response.text());
    });
    await page.goto(host.url);
    closers.push(async () => {
      await context.close();
      await host.close();
      expect(visitor.faults).to.deep.equal([]);
    });
    return {
      visitor,
      host,
      app: page.frameLocator("iframe[title=dApp]"),
      hasSdk: async () => (await Promise.all(scripts)).some((script) => script.includes(SDK_WORD)),
    };
  }

  const short = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`;

  it("connects as that Safe, without being asked", async () => {
    const { app, host, hasSdk } = await frame("/nodes");
    await app.getByRole("button", { name: short(safe) }).click();
    await app.getByText("Safe · test network").waitFor();
    await app.getByText("This account is a contract: it signs no permits").waitFor();
    expect(await hasSdk()).to.equal(true);
    expect(host.told.map(({ method }) => method)).to.deep.equal(["getSafeInfo", "getSafeInfo"]);
  });

  it("loads the SDK only there", async () => {
    const visitor = await fixture.visit();
    const scripts: Promise<string>[] = [];
    visitor.page.on("response", (response) => {
      if (response.url().endsWith(".js")) scripts.push(response.text());
    });
    await visitor.open("/nodes");
    await visitor.page.getByRole("button", { name: "Connect wallet" }).click();
    await visitor.page.getByText("No wallet was found in this browser.").waitFor();
    expect(scripts).to.not.have.length(0);
    expect((await Promise.all(scripts)).some((script) => script.includes(SDK_WORD))).to.equal(false);
    await visitor.context.close();
  });

  it("stays away after a reload where its reader has disconnected it", async () => {
    const { app, visitor } = await frame("/nodes");
    await app.getByRole("button", { name: short(safe) }).click();
    await app.getByRole("button", { name: "Disconnect" }).click();
    await app.getByRole("button", { name: "Connect wallet" }).waitFor();
    await visitor.page.reload();
    await app.getByRole("button", { name: "Connect wallet" }).click();
    await app.getByRole("button", { name: "Safe", exact: true }).click();
    await app.getByRole("button", { name: short(safe) }).waitFor();
  });

  it("a transaction waits for the other owners, over a reload, until they execute it", async () => {
    const { connection, contracts, nodes } = fixture.federation;
    const { app, host, visitor } = await frame("/nodes");
    await app.getByLabel("Signer key (address)").fill(testNode(connection, 5).signer.address);
    await app.getByRole("button", { name: "Ask for admission" }).click();
    const proposed = app.locator("[data-state=proposed]");
    await proposed.getByText(/waits for the other owners of the Safe/).waitFor();
    expect(host.proposals).to.have.length(1);
    expect(host.proposals[0]?.calls[0]?.to).to.equal(await contracts.nodeRegistry.getAddress());
    expect(await app.getByRole("button", { name: "Under way…" }).isDisabled()).to.equal(true);

    await visitor.page.reload();
    await proposed.getByText(/waits for the other owners of the Safe/).waitFor();
    expect(host.proposals).to.have.length(1);
    await app.getByRole("button", { name: short(safe) }).waitFor();

    await host.execute();
    await app.getByText(/Vote 1 on your admission is open: 0 of 3/).waitFor();
    await app.locator("[data-state=confirmed]").waitFor();
    for (const { operator } of nodes.slice(0, 3)) {
      await contracts.nodeRegistry.connect(operator).vote(1, true);
    }
    await app.getByRole("heading", { name: "Your node 5" }).waitFor();
    expect(await contracts.nodeRegistry.operatorOf(5)).to.equal(safe);

    await visitor.page.reload();
    await app.getByRole("heading", { name: "Your node 5" }).waitFor();
    expect(await app.locator("[data-state]").count()).to.equal(0);
  });

  it("pays by an approval and then the call, each a proposal of its own, and is asked for no signature", async () => {
    const { contracts } = fixture.federation;
    const { app, host } = await frame("/nodes");
    await app.getByLabel("Amount in DEV").fill("3");
    await app.getByRole("button", { name: "Stake", exact: true }).click();
    const proposed = app.locator("[data-state=proposed]");
    await proposed.filter({ hasText: "Stake 3 DEV: first approve exactly this amount" }).waitFor();
    await host.execute();
    await proposed.filter({ hasText: /Stake 3 DEV\./ }).waitFor();
    await host.execute();
    await app
      .locator("[data-state=confirmed]")
      .filter({ hasText: /Stake 3 DEV\./ })
      .waitFor();
    expect(await contracts.stakeVault.stakeOf(5, await contracts.token.getAddress())).to.equal(
      parseEther("3"),
    );
    const methods = new Set(host.told.map(({ method }) => method));
    expect([...methods].filter((method) => method.startsWith("sign"))).to.deep.equal([]);
  });

  it("is told what its reader declined, and what its owners replaced, and may do both again", async () => {
    const { connection } = fixture.federation;
    const { app, host } = await frame("/nodes");
    host.declines = true;
    await app.getByLabel("New signer key (address)").fill(testNode(connection, 6).signer.address);
    const change = app.getByRole("button", { name: "Change the signer key" });
    await change.click();
    const failed = app.locator("[data-state=failed]");
    await failed.getByText("Your Safe did not take this: Transaction was rejected.").waitFor();
    expect(host.proposals).to.deep.equal([]);
    host.declines = false;
    await change.click();
    await app.locator("[data-state=proposed]").waitFor();
    host.replace();
    await app
      .locator("[data-state=rejected]")
      .getByText(/have executed something else in its place, so this was not done/)
      .waitFor();
    expect(await change.isEnabled()).to.equal(true);
  });

  it("one on another chain is named as such, and nobody offers to switch it", async () => {
    const { app } = await frame("/nodes", { chainId: 5 });
    await app
      .locator("main")
      .getByText("Your Safe is on another network (chain 5); this page shows test network (chain 31337).")
      .waitFor();
    await app.getByRole("button", { name: "Wrong network" }).click();
    await app.getByText("Safe · chain 5").waitFor();
    expect(await app.getByRole("button", { name: /^Switch to/ }).count()).to.equal(0);
  });

  it("says what a reload loses where the browser keeps nothing for a page in another site’s frame", async () => {
    const { connection } = fixture.federation;
    const { app } = await frame("/nodes", { elsewhere: true });
    await app.getByLabel("New signer key (address)").fill(testNode(connection, 6).signer.address);
    await app.getByRole("button", { name: "Change the signer key" }).click();
    await app
      .locator("[data-state=proposed]")
      .getByText(/keeps nothing for a page in a frame: once you close this page, only the Safe shows it/)
      .waitFor();
  });

  it("speaks to no parent of an origin that the configuration does not name", async () => {
    const { app, host, hasSdk } = await frame("/nodes", {
      safeOrigins: ["https://app.safe.global"],
    });
    await app.getByRole("button", { name: "Connect wallet" }).click();
    await app.getByText("No wallet was found in this browser.").waitFor();
    expect(host.told).to.deep.equal([]);
    expect(await hasSdk()).to.equal(false);
  });

  it("believes no other page that answers in the Safe’s place", async () => {
    const { app, host } = await frame("/nodes", { forged: true });
    await app.getByRole("button", { name: short(safe) }).waitFor();
    expect(host.told.length).to.be.greaterThan(0);
    expect(await app.getByText(short(FORGED_SAFE)).count()).to.equal(0);
  });
});
