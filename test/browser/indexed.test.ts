import { expect } from "chai";
import type { Page } from "playwright-core";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IndexedChain } from "#audit/index/indexedChain";
import { firstPart, hostIndex, hostLiar, writeIndex } from "./indexHost.ts";
import type { IndexAnswer, Listening } from "./indexHost.ts";
import { EndpointProxy } from "./proxy.ts";
import { DappFixture, type Visitor } from "./dappFixture.ts";

const OTHER_HASH = `0x${"ab".repeat(32)}`;

describe("reading old events from an index", function () {
  this.timeout(120_000);
  let fixture: DappFixture;
  let chain: IndexedChain;
  let folder: string;
  let truth: Listening;
  /** What the page says without an index. */
  let expected: readonly string[];
  const opened: Listening[] = [];
  const open = async (listening: Promise<Listening>): Promise<Listening> => {
    const host = await listening;
    opened.push(host);
    return host;
  };

  before(async function () {
    const there = await DappFixture.open();
    if (there === undefined) {
      console.log("      no Chromium on this machine: the browser tests are skipped");
      return this.skip();
    }
    fixture = there;
    folder = await mkdtemp(join(tmpdir(), "concordat-indexed-"));
    const config = (await fixture.config()) as { networks: { addressBook: IndexedChain }[] };
    const book = config.networks[0]?.addressBook;
    if (book === undefined) throw new Error("The fixture has no network");
    chain = book;
    await fixture.federation.startTask({ rounds: 2 });
    await fixture.federation.playRound();
    await writeIndex(join(folder, "early.sqlite"), chain, fixture.rpcUrl);
    await fixture.federation.playRound();
    await fixture.federation.connection.networkHelpers.mine(100);
    await writeIndex(join(folder, "index.sqlite"), chain, fixture.rpcUrl);
    truth = await open(hostIndex(join(folder, "index.sqlite"), chain));
    const { visitor, said } = await read({});
    expect(await visitor.page.getByTestId("origin").count()).to.equal(0);
    await visitor.close();
    expected = said;
  });

  after(async () => {
    await fixture?.close();
    for (const host of opened) await host.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  /** What a new visitor of a page with this configuration reads of the task and of all events. */
  async function read(overrides: Record<string, unknown>): Promise<{ visitor: Visitor; said: string[] }> {
    fixture.site.config = await fixture.config(overrides);
    const visitor = await fixture.visit();
    return { visitor, said: await content(visitor) };
  }

  async function content(visitor: Visitor): Promise<string[]> {
    const { page } = visitor;
    await visitor.open("/tasks/2?tab=rounds&round=2");
    const scores = await page.getByRole("region", { name: "Accuracy table" }).innerText();
    const rounds = await page.getByRole("table", { name: "All rounds" }).innerText();
    await visitor.open("/audit");
    // How long ago something was depends on when it is looked at.
    return [scores, rounds, await page.locator(".events").innerText()].map((text) =>
      text.replaceAll(/\s*\([^()]* ago\)/g, ""),
    );
  }

  /** The page equals one without this index, and says of its events that. */
  async function expectSame(url: string, origin: RegExp): Promise<void> {
    const { visitor, said } = await read({ indexUrl: url });
    for (const [i, text] of said.entries()) expect(text).to.equal(expected[i]);
    const words = (await visitor.page.getByTestId("origin").textContent()) ?? "";
    expect(words.replace(new URL(url).host, "HOST")).to.match(origin);
    await visitor.close();
  }

  const lying = async (change: (answer: IndexAnswer) => IndexAnswer | undefined): Promise<string> =>
    (await open(hostLiar(truth, change))).url;

  it("the page equals one without; the chain is asked for the newest blocks and a few samples only", async () => {
    const proxy = await EndpointProxy.open(fixture.rpcUrl);
    opened.push({ url: proxy.url, close: () => proxy.down() });
    const asked: [from: number, to: number][] = [];
    proxy.alter = ({ method, params }, result) => {
      if (method === "eth_getLogs") {
        const { fromBlock, toBlock } = (params as [{ fromBlock: string; toBlock: string }])[0];
        asked.push([Number(fromBlock), Number(toBlock)]);
      }
      return result;
    };
    const { visitor, said } = await read({ indexUrl: truth.url, rpcUrls: [proxy.url] });
    expect(said).to.deep.equal(expected);
    const words = (await visitor.page.getByTestId("origin").textContent()) ?? "";
    const [, block] =
      /^Events up to block (\d+) from the index [\d.:]+, then from the chain$/.exec(words) ?? [];
    const samples = asked.filter(([from]) => from <= Number(block));
    expect(samples).to.have.length(3);
    for (const [from, to] of samples) expect(to - from).to.be.lessThan(10);
    expect(asked.find(([from]) => from === Number(block) + 1)).to.not.equal(undefined);
    const allowed = [new URL(fixture.site.url).origin, fixture.hostileHost.origin, proxy.url, truth.url];
    const gateways = [1, 2, 3, 4].map((node) => `http://127.0.0.1:${10_000 + node}`);
    expect(
      [...visitor.origins].filter((origin) => ![...allowed, ...gateways].includes(origin)),
    ).to.deep.equal([]);
    expect(visitor.faults).to.deep.equal([]);

    // Kept between visits, as long as the same index is configured.
    asked.length = 0;
    await visitor.page.reload();
    await visitor.page
      .getByTestId("origin")
      .filter({ hasText: `up to block ${block}` })
      .waitFor();
    expect(asked.filter(([from]) => from <= Number(block))).to.deep.equal([]);
    fixture.site.config = await fixture.config({ rpcUrls: [proxy.url] });
    await visitor.page.reload();
    await visitor.page.getByRole("heading", { level: 1 }).waitFor();
    expect(await content(visitor)).to.deep.equal(expected);
    expect(await visitor.page.getByTestId("origin").count()).to.equal(0);
    expect(Math.min(...asked.map(([from]) => from))).to.equal(chain.deploymentBlock);
    await visitor.close();
  });

  it("that lags, the page goes on from where it ends", async () => {
    const early = await open(hostIndex(join(folder, "early.sqlite"), chain));
    const { to } = (await (await fetch(`${early.url}/logs`)).json()) as IndexAnswer;
    await expectSame(
      early.url,
      new RegExp(`^Events up to block ${to} from the index HOST, then from the chain$`),
    );
  });

  it("that has nothing yet, the page reads the chain", async () => {
    const url = await lying((answer) => ({ ...answer, to: chain.deploymentBlock - 1, logs: [] }));
    await expectSame(url, /^Events from the chain: nothing was taken from the index HOST$/);
  });

  it("of another branch of the chain, the page reads the chain", async () => {
    const url = await lying((answer) => ({ ...answer, toHash: OTHER_HASH, logs: atOtherHash(answer) }));
    await expectSame(url, /^Events from the chain: the index HOST has another block \d+ than the chain$/);
  });

  it("that makes up events, the page reads the chain", async () => {
    const url = await lying((answer) => ({
      ...answer,
      logs: answer.logs.map((log) => ({ ...log, transactionHash: OTHER_HASH })),
    }));
    await expectSame(
      url,
      /^Events from the chain: the index HOST has other events than the chain in block \d+$/,
    );
  });

  it("that tells of an event that cannot be, the page reads the chain, wherever that was noticed", async () => {
    const url = await lying((answer) => ({
      ...answer,
      logs: answer.logs.map((log, i) => (i === 5 ? { ...log, data: "0x01" } : log)),
    }));
    await expectSame(
      url,
      /^Events from the chain: the index HOST (has other events|tells of an impossible event)/,
    );
  });

  it("whose answer is no index's, the page reads the chain", async () => {
    const url = await lying((answer) => ({ ...answer, logs: answer.logs.toReversed() }));
    await expectSame(url, /^Events from the chain: the index HOST answers what no index does$/);
  });

  it("of another deployment or chain, the page reads the chain", async () => {
    const elsewhere = await lying((answer) => ({
      ...answer,
      contracts: { ...answer.contracts, StakeVault: `0x${"11".repeat(20)}` },
    }));
    const other = await lying((answer) => ({ ...answer, chainId: 1 }));
    for (const url of [elsewhere, other])
      await expectSame(url, /^Events from the chain: the index HOST is of another chain or deployment$/);
  });

  it("that is down, or does not allow the page's origin, the page reads the chain", async () => {
    const gone = await hostIndex(join(folder, "index.sqlite"), chain);
    await gone.close();
    const closed = await open(hostIndex(join(folder, "index.sqlite"), chain, ["https://other.example"]));
    for (const { url } of [gone, closed])
      await expectSame(url, /^Events from the chain: the index HOST does not answer$/);
  });

  it("that goes down midway, the page goes on from the chain and keeps what it has", async () => {
    let answers = 0;
    const url = await lying((answer) => (answers++ === 0 ? firstPart(answer, 20) : undefined));
    await expectSame(
      url,
      /^Events up to block \d+ from the index HOST, then from the chain: the index does not answer$/,
    );
  });

  it("the audit page leads to its questions, and to all transactions of an address", async () => {
    fixture.site.config = await fixture.config({ indexUrl: truth.url });
    const visitor = await fixture.visit();
    const { page, context } = visitor;
    await visitor.open("/audit");
    const follow = async (link: string): Promise<Page> => {
      const [answer] = await Promise.all([
        context.waitForEvent("page"),
        page.getByRole("link", { name: link }).click(),
      ]);
      await answer.getByText(/rows in \d+ ms$/).waitFor();
      return answer;
    };
    const leaders = await follow("Who led which rounds?");
    expect(await leaders.getByLabel("Example").locator("option:checked").textContent()).to.equal(
      "Who led which rounds?",
    );
    expect(await leaders.locator("tbody tr").count()).to.equal(2);

    const { address } = fixture.federation.node(1).operator;
    const field = page.getByLabel("All transactions of an address");
    await field.fill("0x12");
    await page.getByText("An address has 0x and 40 digits.").waitFor();
    await field.fill(address);
    const transactions = await follow("Ask for its transactions");
    const methods = await transactions.locator("tbody tr td:nth-child(4)").allTextContents();
    expect(methods).to.include.members(["create", "joinTask"]);

    // An address in an answer leads on, and the question stands in the browser's address.
    await leaders.locator("tbody a").first().click();
    await leaders.locator("th", { hasText: "roles" }).waitFor();
    expect(decodeURIComponent(leaders.url())).to.contain("address_transactions");
    await leaders.reload();
    await leaders.locator("th", { hasText: "roles" }).waitFor();
    await visitor.close();
  });

  it("that is found lying midway, nothing of it counts", async () => {
    let answers = 0;
    const url = await lying((answer) =>
      answers++ === 0 ? firstPart(answer, 20) : { ...answer, toHash: OTHER_HASH, logs: atOtherHash(answer) },
    );
    await expectSame(url, /^Events from the chain: the index HOST has another block \d+ than the chain$/);
  });
});

function atOtherHash({ to, logs }: IndexAnswer): IndexAnswer["logs"] {
  return logs.map((log) => (log.blockNumber === to ? { ...log, blockHash: OTHER_HASH } : log));
}
