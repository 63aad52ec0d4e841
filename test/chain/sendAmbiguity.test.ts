import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet, id, toBeHex, type TransactionReceipt } from "ethers";
import { network } from "hardhat";
import { pino } from "pino";
import { TransactionReplacedError, TransactionUnknownError } from "#chain/contracts/chainError";
import { openProvider, type ChainProvider } from "#chain/endpoints/chainProvider";
import { HeadWatcher } from "#chain/heads/headWatcher";
import { TransactionJournal } from "#chain/sending/transactionJournal";
import { TransactionSender } from "#chain/sending/transactionSender";
import { lag } from "../quirks/lag.ts";
import { prunedStates } from "../quirks/limits.ts";
import { QuirkProxy, type Quirk, type RpcAnswer } from "../quirks/quirkProxy.ts";
import { laggingNonce, losingAnswer, nullReceipts, refusing, repeating } from "../quirks/refusals.ts";

const SEND = "eth_sendRawTransaction";
const TARGET = new Wallet(id("target")).address;
const says = (message: string, code = -32_000): RpcAnswer => ({ error: { code, message } });
const first = { method: SEND, times: 1 };

/**
 * Endpoints that do not say, or not rightly, what became of a transaction. Whatever they answer, each payment is included once:
 * the target counts how often it was called.
 */
describe("A payment through an endpoint that does not say what became of it", function () {
  this.timeout(30_000);
  const logger = pino({ level: "silent" });
  const wallet = new Wallet(id("payer"));
  const { signal } = new AbortController();
  /** Adds one to slot 0 with each call. */
  const COUNTER = "0x60005460010160005500";
  let chain: ChainProvider;
  let proxy: QuirkProxy;
  let folder: string;
  let open: { close: () => Promise<void> }[] = [];

  beforeEach(async () => {
    const server = await network.createServer(
      {
        network: "node",
        override: { mining: { auto: false, interval: 60 }, allowBlocksWithSameTimestamp: true },
      },
      "127.0.0.1",
      0,
    );
    const { address, port } = await server.listen();
    const url = `http://${address}:${port}`;
    chain = openProvider(url, 31_337);
    await chain.send("hardhat_setBalance", [wallet.address, toBeHex(10n ** 20n)]);
    await chain.send("hardhat_setCode", [TARGET, COUNTER]);
    proxy = await QuirkProxy.start(url);
    folder = await mkdtemp(join(tmpdir(), "concordat-journal-"));
    open = [
      { close: async () => server.close() },
      { close: async () => chain.destroy() },
      { close: async () => proxy.close() },
      { close: async () => rm(folder, { recursive: true, force: true }) },
    ];
  });
  afterEach(async () => {
    for (const { close } of open.toReversed()) await close();
  });

  /** A command that pays: a process of its own, with the journal that processes share. */
  const command = async (giveUpAfterMs = 10_000): Promise<TransactionSender> => {
    const provider = openProvider(proxy.url, 31_337);
    const heads = await HeadWatcher.start(provider, { pollMs: 20, logger });
    open.push({
      close: async () => {
        await heads.close();
        provider.destroy();
      },
    });
    const journal = await TransactionJournal.open(folder, true);
    return new TransactionSender({
      provider,
      signer: wallet.connect(provider),
      chainId: 31_337,
      heads,
      logger,
      journal,
      earlier: "finish",
      giveUpAfterMs,
      stuckAfterMs: 5000,
    });
  };
  const payment = { to: TARGET, data: "0x", label: "pay" };
  const pay = async (giveUpAfterMs?: number): Promise<TransactionReceipt> => {
    const sender = await command(giveUpAfterMs);
    const receipt = await sender.send(payment, signal);
    await sender.acknowledge();
    return receipt;
  };
  const calls = async (): Promise<number> => Number(await chain.getStorage(TARGET, 0));
  const used = async (): Promise<number> => chain.getTransactionCount(wallet.address);

  const quirks: [string, Quirk][] = [
    ["the gateway repeats the send after inclusion", repeatingAfter("repeats", first)],
    ["the gateway repeats every send", repeatingAfter("repeats", { method: SEND })],
    ["the connection breaks after the send", losingAnswer("loses", first)],
    ["the connection breaks before the send", refusing("drops", first, { drop: true })],
    ["504 after the send", losingAnswer("504", first, { status: 504, body: "gateway timeout" })],
    ["503 before the send", refusing("503", first, { status: 503, body: "busy" })],
    ["429 before the send", refusing("429", first, says("daily request count exceeded", -32_005))],
    ["Nethermind knows it", losingAnswer("known", first, says("AlreadyKnown", -32_010))],
    [
      "OpenEthereum knows it",
      losingAnswer("imported", first, says("Transaction with the same hash was already imported.", -32_010)),
    ],
    ["words that nobody has seen before", losingAnswer("words", first, says("computer says no"))],
    ["an answer that is no JSON", losingAnswer("html", first, { status: 200, body: "<html>ok</html>" })],
    [
      "insufficient funds, said after it was taken",
      losingAnswer("funds", first, says("insufficient funds for gas")),
    ],
    ["receipts come late", nullReceipts({ times: 40 })],
    [
      "receipts are being indexed",
      refusing(
        "indexing",
        { method: "eth_getTransactionReceipt", times: 5 },
        says("transaction indexing is in progress"),
      ),
    ],
    [
      "receipts are limited",
      refusing("limited", { method: "eth_getTransactionReceipt", times: 5 }, { status: 429, body: "" }),
    ],
    ["no estimates", refusing("estimates", { method: "eth_estimateGas" }, says("limit exceeded", -32_005))],
    ["the backend is behind", lag({ blocks: 3, of: ["heads", "calls", "receipts"], every: 2 })],
  ];
  for (const [what, quirk] of quirks) {
    it(`is made once where ${what}`, async () => {
      proxy.use(quirk);
      expect((await pay()).status).to.equal(1);
      expect([await calls(), await used()]).to.deep.equal([1, 1]);
      proxy.expectStruck();
      expect(await readdir(folder), "nothing is left in the journal").to.deep.equal([]);
      expect((await pay()).status, "a second payment is another one").to.equal(1);
      expect([await calls(), await used()]).to.deep.equal([2, 2]);
    });
  }

  it("is made once, with the next nonce, where the count of transactions lags", async () => {
    await pay();
    await pay();
    proxy.use(laggingNonce(1));
    expect((await pay()).status).to.equal(1);
    expect([await calls(), await used()]).to.deep.equal([3, 3]);
    proxy.expectStruck();
  });

  for (const [what, answer] of [
    ["took it", losingAnswer("silent", { method: SEND }, { status: 504, body: "" })],
    ["lost it", refusing("silent", { method: SEND }, { status: 504, body: "" })],
  ] as const) {
    it(`is found again by the same command where the endpoint ${what} and stays silent`, async () => {
      proxy.use(answer, nullReceipts());
      const error = await pay(1500).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(TransactionUnknownError);
      const { hash, message } = error as TransactionUnknownError;
      expect(message).to.equal(`pay was sent as ${hash}, but its outcome is not known yet`);
      proxy.use();
      expect((await pay()).hash).to.equal(hash);
      expect([await calls(), await used()]).to.deep.equal([1, 1]);
    });
  }

  it("is brought to its end before another one is sent, and neither is lost", async () => {
    proxy.use(refusing("silent", { method: SEND }, { status: 504, body: "" }), nullReceipts());
    await pay(1200).catch(() => undefined);
    proxy.use();
    const other = await command();
    await other.send({ ...payment, data: "0x01", label: "pay another" }, signal);
    await other.acknowledge();
    expect([await calls(), await used()]).to.deep.equal([2, 2]);
    expect((await command()).sentEarlierAt(payment), "the same command finds the first").to.be.a("number");
    await pay();
    expect([await calls(), await used()]).to.deep.equal([2, 2]);
  });

  it("is found by the next run where the process died after inclusion, before it told anybody", async () => {
    const dying = await command();
    const { hash } = await dying.send(payment, signal);
    const next = await command();
    expect(next.sentEarlierAt(payment)).to.be.a("number");
    expect((await next.send(payment, signal)).hash).to.equal(hash);
    expect(await calls()).to.equal(1);
  });

  it("waits for its turn while another command sends with the same account", async () => {
    const [one, two] = [await command(), await command()];
    const receipts = await Promise.all([
      one.send(payment, signal),
      two.send({ ...payment, data: "0x02" }, signal),
    ]);
    expect(receipts.map(({ status }) => status)).to.deep.equal([1, 1]);
    expect([await calls(), await used()]).to.deep.equal([2, 2]);
  });

  it("is told in time as not known where the endpoint takes every question and answers none", async () => {
    let isSent = false;
    proxy.use({
      name: "hangs",
      answer: async ({ method }, forward, { strike }) => {
        const answer: RpcAnswer = isSent ? { hang: true } : await forward();
        if (isSent) strike();
        isSent ||= method === SEND;
        return answer;
      },
    });
    const error = await pay(1500).catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(TransactionUnknownError);
    proxy.expectStruck();
    proxy.use();
    await pay();
    expect([await calls(), await used()]).to.deep.equal([1, 1]);
  }).timeout(15_000);

  describe("beside a wallet of the same account", () => {
    beforeEach(async () => chain.send("evm_setIntervalMining", [0]));
    const wallets = async (tip: bigint, nonce: number): Promise<void> => {
      const { baseFeePerGas } = (await chain.getBlock("latest")) ?? {};
      const maxFeePerGas = 2n * (baseFeePerGas ?? 0n) + tip;
      const transaction = { to: TARGET, data: "0x05", nonce, gasLimit: 100_000, maxFeePerGas };
      await wallet.connect(chain).sendTransaction({ ...transaction, maxPriorityFeePerGas: tip });
    };
    const mine = async (): Promise<unknown> => chain.send("evm_mine", []);
    const arrives = async (count: number): Promise<void> => {
      for (;;) {
        const pool = (await chain.send("eth_pendingTransactions", [])) as unknown[];
        if (pool.length >= count) return;
      }
    };

    it("does not take the place of what waits there", async () => {
      await wallets(1n, 0);
      const paying = pay();
      await arrives(2);
      await mine();
      expect((await paying).status).to.equal(1);
      expect([await calls(), await used()]).to.deep.equal([2, 2]);
    });

    it("does not outbid what waits there where the endpoint does not count it", async () => {
      await wallets(10n ** 11n, 0);
      proxy.use(
        laggingNonce(1, { where: ({ params }) => params[1] === "pending" }),
        refusing("outbid", { method: SEND, times: 1 }, says("replacement transaction underpriced")),
      );
      const error = pay().catch((failure: unknown) => failure);
      while ((proxy.strikes["outbid"] ?? 0) === 0) await chain.send("eth_chainId", []);
      await mine();
      expect(await error).to.be.instanceOf(TransactionReplacedError);
      proxy.use();
      const paying = pay();
      await arrives(1);
      await mine();
      expect((await paying).status).to.equal(1);
      expect([await calls(), await used()]).to.deep.equal([2, 2]);
    });

    it("says for whose transaction it waits", async () => {
      proxy.use({
        name: "counts what was dropped",
        answer: async ({ method, params }, forward) =>
          method === "eth_getTransactionCount" && params[1] === "pending" ? { result: "0x2" } : forward(),
      });
      const error = await pay(1200).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(TransactionUnknownError);
      expect(String((error as TransactionUnknownError).hint)).to.contain(
        "nonce 0 first, which another program sent",
      );
    });

    it("finds out that the wallet took its nonce although the states that say when are forgotten", async () => {
      proxy.use(refusing("lost", { method: SEND }, { status: 504, body: "" }));
      const error = await pay(1200).catch((failure: unknown) => failure);
      expect(error).to.be.instanceOf(TransactionUnknownError);
      await wallets(10n ** 9n, 0);
      for (let block = 0; block < 40; block++) await mine();
      proxy.use(prunedStates(8));
      const paying = pay();
      await arrives(1);
      await mine();
      expect((await paying).status).to.equal(1);
      expect([await calls(), await used()]).to.deep.equal([2, 2]);
      proxy.expectStruck();
    });
  });

  /** Repeats the send once the first one is in a block, and gives the second answer back: "nonce too low". */
  function repeatingAfter(name: string, match: Parameters<typeof repeating>[1]): Quirk {
    const quirk = repeating(name, match);
    return {
      name,
      answer: async (request, forward, tools) => {
        let sent = false;
        const patient: typeof forward = async (changed) => {
          if (sent) await inBlock(tools.ask);
          sent = true;
          return forward(changed);
        };
        return quirk.answer?.(request, patient, tools) ?? forward();
      },
    };
  }

  async function inBlock(
    ask: (method: string, ...params: readonly unknown[]) => Promise<unknown>,
  ): Promise<void> {
    const before = await ask("eth_getTransactionCount", wallet.address, "pending");
    while ((await ask("eth_getTransactionCount", wallet.address, "latest")) !== before) {
      // The chain makes a block every 60 ms.
    }
  }
});
