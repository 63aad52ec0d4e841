import { expect } from "chai";
import { Wallet, id, parseEther } from "ethers";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cidFromDigest } from "#protocol/artifacts/contentAddress";
import type { Digest } from "#protocol/ids";
import { termsFromAbi, type AbiTerms } from "#protocol/terms/taskTerms";
import { fund, type TestNode } from "../contracts/federation.ts";
import { startNode, type NodeProcess } from "./nodeProcess.ts";
import { DappFixture, connect, type Visitor } from "./dappFixture.ts";

// One scenario: a publisher without node or terminal, from a draft to a task that nodes serve.
describe("publishing without a terminal", function () {
  this.timeout(240_000);
  let fixture: DappFixture;
  let folder: string;
  let publisher: Wallet;
  let owner: Wallet;
  let account: string;
  const processes: NodeProcess[] = [];

  before(async function () {
    const opened = await DappFixture.open();
    if (opened === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = opened;
    folder = await mkdtemp(join(tmpdir(), "concordat-uploading-"));
    const { connection, contracts } = fixture.federation;
    publisher = new Wallet(id("a publisher without a node"), connection.ethers.provider);
    owner = new Wallet(id("owner of a publishing account"), connection.ethers.provider);
    for (const { address } of [publisher, owner]) await fund(connection, address);
    await contracts.token.mint(publisher.address, parseEther("1000"));
    const deployed = await connection.ethers.deployContract("SmartAccount", [owner.address]);
    account = await deployed.getAddress();
    for (const { signer } of fixture.federation.nodes) await fund(connection, signer.address);
    const uploads = {
      accounts: [publisher.address, account],
      origins: [new URL(fixture.site.url).origin],
    };
    processes.push(await startNode(fixture, node(1), folder, { uploads }));
    processes.push(await startNode(fixture, node(2), folder));
    processes.push(
      await startNode(fixture, node(3), folder, { uploads: { ...uploads, accounts: [owner.address] } }),
    );
  });

  after(async () => {
    for (const { stop } of processes) await stop();
    await fixture?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it("shows by field what a step of the task fails at, before anything is made or paid for", async () => {
    const visitor = await openDraft(publisher);
    const { page } = visitor;
    const layers = [
      ["Reshape", { target_shape: [16, 17, 1], batch_input_shape: [null, 16, 16, 1] }],
      ["Flatten", {}],
      ["Dense", { units: 10 }],
    ] as const;
    const topology = {
      class_name: "Sequential",
      config: {
        name: "wrong",
        layers: layers.map(([class_name, config], i) => ({
          class_name,
          config: { name: `l${i}`, ...config },
        })),
      },
    };
    await page.getByLabel("Model", { exact: true }).selectOption("file");
    await page.getByLabel(/topology/i).setInputFiles({
      name: "wrong.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(topology)),
    });
    await page.getByRole("button", { name: /Confirm/ }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
    await page.getByText(/A trial step failed: The layer l0 cannot be run/).waitFor();
    expect(await page.getByRole("button", { name: "Publish the task" }).count()).to.equal(0);
    await page
      .getByRole("button", { name: /Model and data – to be corrected|Model and data.*corrected/ })
      .click();
    await page.getByText(/A trial step failed: The layer l0 cannot be run/).waitFor();
    expect(visitor.wallet?.asked).to.not.include("eth_signTypedData_v4");
    await visitor.close();
  });

  it("says how many nodes exist, how many take files, and why the others do not", async () => {
    const visitor = await openDraft(publisher);
    const { page } = visitor;
    await makeFiles(visitor);
    await page.getByText("This network has 4 nodes. One takes files from your account.").waitFor();
    await page.getByText("Node 3: its operator does not list your account", { exact: false }).waitFor();
    await page.getByText("2 nodes do not answer this page", { exact: false }).waitFor();
    await visitor.close();
  });

  it("hands both files over with one signature, over a line that breaks, and the task can be joined", async () => {
    const { contracts } = fixture.federation;
    const visitor = await openDraft(publisher);
    const { page, wallet } = visitor;
    if (wallet === undefined) throw new Error("The visitor has no wallet");
    await makeFiles(visitor);
    const give = page.getByRole("button", { name: /^Hand both files over/ });
    wallet.declines = true;
    await give.click();
    await page.getByText("You declined this in your wallet. Nothing was sent.").waitFor();
    wallet.declines = false;
    // The line breaks once: the first file is sent again, and no second signature is asked for.
    let broken = 0;
    await page.route(/\/concordat\/uploads\/0x/, async (route) => {
      if (route.request().method() === "PUT" && broken++ === 0) await route.abort("connectionreset");
      else await route.continue();
    });
    const asked = wallet.asked.length;
    await give.click();
    await page.getByText("Node 1 serves both files: fetched back by their digests, and right.").waitFor();
    expect(broken).to.be.greaterThan(1);
    const since = wallet.asked.slice(asked).filter((method) => method !== "eth_chainId");
    expect(since.filter((method) => method === "eth_signTypedData_v4")).to.have.length(1);
    expect(since).to.not.include("eth_sendTransaction");

    await page.getByRole("button", { name: "Publish the task" }).click();
    // Its name stands in the manifest, which the page has from the node.
    await page.getByRole("heading", { level: 1, name: "Digits without a terminal" }).waitFor();
    const terms = termsFromAbi((await contracts.taskRegistry.terms(2)) as unknown as AbiTerms);
    expect(await held(0, terms.manifestDigest)).to.equal(true);
    expect(await held(0, terms.initialModelDigest)).to.equal(true);
    expect(await held(1, terms.manifestDigest)).to.equal(false);
    expect((await readdir(join(folder, "node-1", "data", "uploads", "held"))).toSorted()).to.deep.equal(
      [terms.manifestDigest, terms.initialModelDigest].map((digest) => `${digest.slice(2)}.json`).toSorted(),
    );
    await visitor.close();

    // The second node never saw the publisher: it joins in its operator's browser, and fetches from the first.
    const joiner = await fixture.visit(node(2).operator);
    await joiner.open("/tasks/2");
    await connect(joiner);
    await trustAddresses(joiner);
    await joiner.page.getByRole("button", { name: "Join task 2 with node 2" }).click();
    await joiner.page.getByRole("button", { name: "Leave task 2" }).waitFor();
    await processes[1]?.running.says(/"msg":"serving the task"/);
    expect(await held(1, terms.manifestDigest)).to.equal(true);
    await joiner.close();
  });

  it("takes files of an account that is a contract, which signs by ERC-1271", async () => {
    const visitor = await openDraft(owner, account);
    const { page } = visitor;
    await page.getByLabel("Name", { exact: true }).fill("Digits of a contract");
    await makeFiles(visitor);
    await page.getByRole("button", { name: /^Hand both files over/ }).click();
    await page.getByText("Node 1 serves both files: fetched back by their digests, and right.").waitFor();
    await visitor.close();
  });

  function node(nodeId: number): TestNode {
    const found = fixture.federation.nodes[nodeId - 1];
    if (found === undefined) throw new Error(`There is no node ${nodeId}`);
    return found;
  }

  /** Whether a node's gateway gives the root of an artifact. */
  async function held(index: number, digest: Digest): Promise<boolean> {
    const url = `${processes[index]?.origin}/ipfs/${cidFromDigest(digest)}?format=raw`;
    return (await fetch(url)).ok;
  }

  async function openDraft(signer: Wallet, contractAccount?: string): Promise<Visitor> {
    const kind = contractAccount === undefined ? {} : { walletKind: { contractAccount } };
    const visitor = await fixture.visit(signer, kind);
    await visitor.open("/publish");
    await connect(visitor);
    await visitor.page.getByRole("button", { name: "Try it out" }).click();
    await visitor.page.getByLabel("Name", { exact: true }).fill("Digits without a terminal");
    return visitor;
  }

  async function makeFiles({ page }: Visitor): Promise<void> {
    await page.getByRole("button", { name: /Confirm/ }).click();
    await page.getByRole("button", { name: "Make manifest and initial model" }).click();
  }

  /** Where the page asks whom one trusts, the arbiter is the publisher, which the address book cannot vouch for. */
  async function trustAddresses({ page }: Visitor): Promise<void> {
    await page.getByRole("button", { name: "Join task 2 with node 2" }).waitFor();
    const boxes = page.getByRole("checkbox", { name: /^I know and trust 0x/ });
    for (const box of await boxes.all()) await box.check();
  }
});
