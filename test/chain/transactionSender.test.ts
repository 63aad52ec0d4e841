import { expect } from "chai";
import { Transaction, Wallet, id, toBeHex, type TransactionReceipt } from "ethers";
import { network } from "hardhat";
import { pino } from "pino";
import { TransactionReplacedError } from "#chain/contracts/chainError";
import { openProvider, type ChainProvider } from "#chain/endpoints/chainProvider";
import { ContractError } from "#chain/contracts/contractError";
import { HeadWatcher } from "#chain/heads/headWatcher";
import { TransactionJournal, type SentTransaction } from "#chain/sending/transactionJournal";
import { TransactionSender } from "#chain/sending/transactionSender";
import { InputError } from "#protocol/errors";
import { prunedStates } from "../quirks/limits.ts";
import { QuirkProxy, type Quirk } from "../quirks/quirkProxy.ts";

/** Code that does nothing, and code that reverts with BitmapsOverlap(). */
const ACCEPTS = "0x00";
const REFUSES = `0x63${id("BitmapsOverlap()").slice(2, 10)}60e01b60005260046000fd`;
const TARGET = new Wallet(id("target")).address;
const request = { to: TARGET, data: "0x", label: "aCall" };

interface PoolTransaction {
  readonly hash: string;
  readonly nonce: string;
  readonly maxFeePerGas: string;
}

/** A transaction that an earlier life of the process signed. */
const leftover: SentTransaction = {
  format: "concordat/transaction/1",
  label: "earlier",
  intent: "earlier",
  to: TARGET,
  data: "0x",
  nonce: 0,
  gasLimit: "100000",
  versions: [{ hash: id("earlier"), raw: "0x00" }],
  fees: { max: "1", tip: "1" },
  sentAt: 0,
  isIncluded: false,
};

/** Says that a transaction arrived, and that it waits, and lets it vanish. */
function swallowing(methods: ReadonlySet<string>): Quirk {
  const taken = new Map<string, unknown>();
  return {
    name: "swallows",
    answer: async ({ method, params }, forward, { strike }) => {
      if (method === "eth_getTransactionByHash") return { result: taken.get(String(params[0])) ?? null };
      if (!methods.has(method)) return forward();
      strike();
      const { hash } = Transaction.from(String(params[0]));
      taken.set(String(hash), { hash });
      return { result: hash };
    },
  };
}

const feeOf = (raw: string): bigint => Transaction.from(raw).maxFeePerGas ?? 0n;

/** A chain whose blocks are mined by hand, so that every transaction waits until a test says otherwise. */
describe("The transaction sender", function () {
  this.timeout(20_000);
  const logger = pino({ level: "silent" });
  const wallet = new Wallet(id("sender"));
  const { signal } = new AbortController();
  let url: string;
  let provider: ChainProvider;
  let heads: HeadWatcher;
  let close: () => Promise<void>;
  let memory: TransactionJournal;

  beforeEach(async () => {
    const server = await network.createServer(
      { network: "node", override: { mining: { auto: false, interval: 0 } } },
      "127.0.0.1",
      0,
    );
    const { address, port } = await server.listen();
    url = `http://${address}:${port}`;
    provider = openProvider(url, 31_337);
    await provider.send("hardhat_setBalance", [wallet.address, toBeHex(10n ** 20n)]);
    await provider.send("hardhat_setCode", [TARGET, ACCEPTS]);
    memory = await TransactionJournal.open();
    heads = await HeadWatcher.start(provider, { pollMs: 10, logger });
    close = async () => {
      await heads.close();
      provider.destroy();
      await server.close();
    };
  });
  afterEach(async () => close());

  const sender = (stuckAfterMs = 60_000, signer = wallet, journal = memory, through = provider) =>
    new TransactionSender({
      journal,
      provider: through,
      signer: signer.connect(through),
      chainId: 31_337,
      heads,
      logger,
      stuckAfterMs,
    });
  const pool = async () => (await provider.send("eth_pendingTransactions", [])) as PoolTransaction[];
  /** Resolves once the pool is as wanted. */
  const poolIs = async (wanted: (transactions: PoolTransaction[]) => boolean): Promise<PoolTransaction[]> => {
    for (;;) {
      const transactions = await pool();
      if (wanted(transactions)) return transactions;
    }
  };
  /** Sends past all senders, and mines it. */
  const send = async (data: string): Promise<void> => {
    await wallet.connect(provider).sendTransaction({ to: TARGET, data, gasLimit: 100_000 });
    await mine();
  };
  const mine = async (): Promise<void> => provider.send("evm_mine", []) as Promise<void>;
  const failureOf = async (work: Promise<TransactionReceipt>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("gives consecutive nonces to transactions sent at once, and waits for all of them together", async () => {
    const one = sender();
    const sent = Promise.all([
      one.send(request, signal),
      one.send(request, signal),
      one.send(request, signal),
    ]);
    const waiting = await poolIs(({ length }) => length === 3);
    expect(waiting.map(({ nonce }) => Number(nonce)).toSorted()).to.deep.equal([0, 1, 2]);
    await mine();
    expect((await sent).map(({ status }) => status)).to.deep.equal([1, 1, 1]);
  });

  it("adds a quarter to the estimated gas", async () => {
    const estimate = await provider.estimateGas({ from: wallet.address, to: TARGET });
    const sent = sender().send(request, signal);
    const [waiting] = (await poolIs(({ length }) => length === 1)) as unknown as { gas: string }[];
    expect(BigInt(waiting?.gas ?? 0)).to.equal(estimate + estimate / 4n);
    await mine();
    await sent;
  });

  it("raises the fee of a transaction that the blocks' price has left behind, under the same nonce", async () => {
    const sent = sender(50).send(request, signal);
    const [first] = await poolIs(({ length }) => length === 1);
    await provider.send("hardhat_setNextBlockBaseFeePerGas", [
      toBeHex(20n * BigInt(first?.maxFeePerGas ?? 0)),
    ]);
    await mine();
    const [second] = await poolIs(([now]) => now !== undefined && now.hash !== first?.hash);
    expect(second?.nonce).to.equal(first?.nonce);
    expect(Number(second?.maxFeePerGas)).to.be.greaterThan(Number(first?.maxFeePerGas) * 20);
    await mine();
    expect((await sent).status).to.equal(1);
    expect(await provider.getTransactionCount(wallet.address)).to.equal(1);
  });

  it("pays no more while no block comes, however long that is", async () => {
    const proxy = await QuirkProxy.start(url);
    const through = openProvider(proxy.url, 31_337);
    try {
      const sent = sender(20, wallet, memory, through).send(request, signal);
      const [first] = await poolIs(({ length }) => length === 1);
      while ((proxy.requests["eth_getTransactionByHash"] ?? 0) < 20) await provider.send("eth_chainId", []);
      const [now] = await pool();
      expect(now?.maxFeePerGas).to.equal(first?.maxFeePerGas);
      expect(memory.transactions[0]?.versions).to.have.length(1);
      await mine();
      expect((await sent).status).to.equal(1);
    } finally {
      through.destroy();
      await proxy.close();
    }
  });

  it("raises a fee to ten times what is paid at most, though blocks leave the transaction out for long", async () => {
    // Nobody else's blocks leave it out: they hold nothing, as those of a builder that censors it.
    const proxy = await QuirkProxy.start(url, [swallowing(new Set(["eth_sendRawTransaction"]))]);
    const through = openProvider(proxy.url, 31_337);
    const stop = new AbortController();
    try {
      const sent = failureOf(sender(1, wallet, memory, through).send(request, stop.signal));
      const paid = (): bigint[] => memory.transactions[0]?.versions.map(({ raw }) => feeOf(raw)) ?? [];
      let last = 0;
      for (let still = 0; still < 40; still++) {
        await mine();
        await heads.reaches(await provider.getBlockNumber(), signal);
        if (paid().length > last) still = 0;
        last = paid().length;
      }
      expect(last).to.be.within(2, 30);
      expect(Number(paid().at(-1))).to.be.lessThan(Number(paid()[0]) * 11);
      stop.abort(new Error("enough"));
      await sent;
    } finally {
      through.destroy();
      await proxy.close();
    }
  });

  it("offers a transaction to the other endpoint where the first one lets it vanish", async () => {
    const proxy = await QuirkProxy.start(url, [swallowing(new Set(["eth_sendRawTransaction"]))]);
    const through = openProvider([proxy.url, url], 31_337);
    try {
      const sent = sender(50, wallet, memory, through).send(request, signal);
      await poolIs(({ length }) => length === 1);
      await mine();
      expect((await sent).status).to.equal(1);
      proxy.expectStruck();
    } finally {
      through.destroy();
      await proxy.close();
    }
  });

  it("asks for no forgotten state to be done with what an earlier life left behind", async () => {
    await send("0x02");
    for (let i = 0; i < 30; i++) await mine();
    await memory.keep({ ...leftover, nonce: 0 });
    const proxy = await QuirkProxy.start(url, [prunedStates(8)]);
    const through = openProvider(proxy.url, 31_337);
    try {
      const sent = sender(60_000, wallet, memory, through).send(request, signal);
      await poolIs(({ length }) => length === 1);
      expect(memory.transactions.map(({ nonce }) => nonce)).to.deep.equal([1]);
      expect(proxy.requests["eth_getTransactionCount"]).to.equal(1);
      await mine();
      expect((await sent).status).to.equal(1);
    } finally {
      through.destroy();
      await proxy.close();
    }
  });

  it("sends a transaction again that the pool has dropped", async () => {
    const sent = sender(50).send(request, signal);
    const [first] = await poolIs(({ length }) => length === 1);
    await provider.send("hardhat_dropTransaction", [first?.hash]);
    await poolIs(({ length }) => length === 1);
    await mine();
    expect((await sent).status).to.equal(1);
  });

  it("replaces what an earlier life of the process left in the pool", async () => {
    const stop = new AbortController();
    const lost = failureOf(sender().send(request, stop.signal));
    await poolIs(({ length }) => length === 1);
    stop.abort(new Error("killed"));
    expect(String(await lost)).to.contain("killed");

    const sent = sender().send({ ...request, data: "0x01" }, signal);
    const waiting = await poolIs((transactions) =>
      transactions.some((transaction) => (transaction as unknown as { input: string }).input === "0x01"),
    );
    expect(waiting).to.have.length(1);
    await mine();
    expect((await sent).status).to.equal(1);
  });

  it("says so when another transaction took the nonce", async () => {
    const failure = failureOf(sender().send(request, signal));
    const [first] = await poolIs(({ length }) => length === 1);
    await provider.send("hardhat_dropTransaction", [first?.hash]);
    await wallet.connect(provider).sendTransaction({ to: TARGET, nonce: 0, gasLimit: 100_000 });
    await mine();
    expect(await failure).to.be.instanceOf(TransactionReplacedError);
  });

  it("names the contract's error without sending anything", async () => {
    await provider.send("hardhat_setCode", [TARGET, REFUSES]);
    const error = await failureOf(sender().send(request, signal));
    expect(error).to.be.instanceOf(ContractError).with.property("errorName", "BitmapsOverlap");
    expect(String(error)).to.contain("aCall was refused by the contract: bitmaps overlap");
    expect(await pool()).to.have.length(0);
  });

  it("names the contract's error when it was included and reverted", async () => {
    const failure = failureOf(sender().send(request, signal));
    await poolIs(({ length }) => length === 1);
    await provider.send("hardhat_setCode", [TARGET, REFUSES]);
    await mine();
    expect(await failure)
      .to.be.instanceOf(ContractError)
      .with.property("errorName", "BitmapsOverlap");
  });

  it("names the account that cannot pay", async () => {
    const poor = new Wallet(id("poor"));
    const error = await failureOf(sender(60_000, poor).send(request, signal));
    expect(error).to.be.instanceOf(InputError);
    expect(String(error)).to.contain(poor.address);
  });
});
