import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Contract, NonceManager, Wallet, id, parseEther, toBeHex } from "ethers";
import hre from "hardhat";
import { deployConcordat } from "#deploy/deployConcordat";
import { openProvider, type ChainProvider } from "#chain/endpoints/chainProvider";
import { writeKeystore } from "#node/setup/keystore";
import { stakeVaultAbi } from "#protocol/contracts/abis";
import type { AddressBook } from "#protocol/contracts/addressBook";
import { start, type Outcome, type Running } from "../cli/concordat.ts";
import { lag } from "./lag.ts";
import { QuirkProxy, type Quirk, type RpcAnswer } from "./quirkProxy.ts";
import { losingAnswer, nullReceipts, refusing } from "./refusals.ts";

const PASSWORD = "correct horse";
const SECRET = "k3y-0f-the-endpoint";
const SEND = "eth_sendRawTransaction";
const says = (message: string, code = -32_000): RpcAnswer => ({ error: { code, message } });

/** `concordat stake deposit 100` as a process, through endpoints as they are: it stakes 100, or says what it does not know. */
describe("A command that pays, through endpoints as they are", function () {
  this.timeout(120_000);
  const operator = new Wallet(id("operator of one node"));
  let chain: ChainProvider;
  let proxy: QuirkProxy;
  let second: QuirkProxy;
  let book: AddressBook;
  let folder: string;
  let close: () => Promise<void>;

  before(async () => {
    const server = await hre.network.createServer(
      {
        network: "node",
        override: { mining: { auto: false, interval: 100 }, allowBlocksWithSameTimestamp: true },
      },
      "127.0.0.1",
      0,
    );
    const { address, port } = await server.listen();
    const url = `http://${address}:${port}`;
    chain = openProvider(url, 31_337);
    book = await deployConcordat({
      hre,
      chain: url,
      founders: [{ operator: operator.address, signer: operator.address }],
      votingPeriod: 86_400,
      unbondingPeriod: 90 * 86_400,
      developmentToken: true,
    });
    await chain.send("hardhat_setBalance", [operator.address, toBeHex(10n ** 21n)]);
    const token = book.tokens?.DevelopmentToken ?? "";
    const rich = new NonceManager(operator.connect(chain));
    const minting = new Contract(token, ["function mint(address,uint256)"], rich);
    await (await minting.getFunction("mint")(operator.address, parseEther("100000"))).wait();
    folder = await mkdtemp(join(tmpdir(), "concordat-quirks-"));
    await writeKeystore(join(folder, "operator.json"), operator.privateKey, PASSWORD, {
      N: 1024,
      r: 8,
      p: 1,
    });
    await writeFile(join(folder, "addresses.json"), JSON.stringify(book));
    proxy = await QuirkProxy.start(url);
    second = await QuirkProxy.start(url);
    close = async () => {
      await Promise.all([proxy.close(), second.close()]);
      chain.destroy();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    };
  });
  after(async () => close());
  beforeEach(() => {
    for (const key of Object.keys(proxy.strikes)) delete proxy.strikes[key];
    proxy.use();
  });

  const stake = async (): Promise<bigint> =>
    new Contract(book.contracts.StakeVault, stakeVaultAbi, chain).getFunction("stakeOf")(
      1,
      book.tokens?.DevelopmentToken,
    );
  const begin = (rpc: string, ...more: readonly string[]): Running => {
    const where = ["--rpc", rpc, "--address-book", join(folder, "addresses.json")];
    const whose = [
      "--keystore",
      join(folder, "operator.json"),
      "--token",
      book.tokens?.DevelopmentToken ?? "",
    ];
    const env = { CONCORDAT_PASSWORD: PASSWORD, CONCORDAT_STATE: join(folder, "state") };
    return start(["stake", "deposit", "100", ...where, ...whose, ...more], env);
  };
  const deposit = async (rpc = `${proxy.url}/v1/${SECRET}`, ...more: readonly string[]): Promise<Outcome> => {
    const outcome = await begin(rpc, ...more).done;
    expect(outcome.stdout + outcome.stderr, "nothing says the key").to.not.contain(SECRET);
    return outcome;
  };
  /** Runs the command and gives what it staked, in whole tokens. */
  const staked = async (
    work: () => Promise<Outcome>,
  ): Promise<{ readonly outcome: Outcome; readonly tokens: number }> => {
    const before = await stake();
    const outcome = await work();
    return { outcome, tokens: Number((await stake()) - before) / 1e18 };
  };
  const isDeposit = {
    method: SEND,
    where: ({ params }: { params: readonly unknown[] }) => !String(params[0]).includes("095ea7b3"),
  };

  const quirks: [string, readonly Quirk[]][] = [
    ["loses the answer of a send", [losingAnswer("lost", isDeposit)]],
    [
      "gives 504 for a send that it took",
      [losingAnswer("504", isDeposit, { status: 504, body: `key=${SECRET}` })],
    ],
    ["has receipts late", [nullReceipts({ times: 12 })]],
    [
      "limits the rate now and then",
      [refusing("limit", { share: 0.2 }, { status: 429, body: SECRET, headers: { "retry-after": "0.1" } })],
    ],
    [
      "answers from backends that are behind",
      [lag({ blocks: 4, of: ["heads", "calls", "receipts", "logs"], every: 3 })],
    ],
    [
      "gives no estimates",
      [refusing("estimates", { method: "eth_estimateGas" }, says("limit exceeded", -32_005))],
    ],
    [
      "breaks every fourth connection",
      [refusing("breaks", { every: 4, where: ({ method }) => method !== SEND }, { drop: true })],
    ],
  ];
  for (const [what, given] of quirks) {
    it(`stakes once where the endpoint ${what}`, async () => {
      proxy.use(...given);
      const { outcome, tokens } = await staked(deposit);
      expect([outcome.code, tokens], outcome.stderr).to.deep.equal([0, 100]);
      proxy.expectStruck();
    });
  }

  it("goes on with the second endpoint where the first one is dead", async () => {
    proxy.use(refusing("dead", {}, { drop: true }));
    const { outcome, tokens } = await staked(async () => deposit(`${proxy.url}/${SECRET},${second.url}`));
    expect([outcome.code, tokens], outcome.stderr).to.deep.equal([0, 100]);
    proxy.expectStruck();
  });

  for (const [what, quirk] of [
    ["takes every question and answers none", refusing("hangs", {}, { hang: true })],
    ["is far behind", lag({ blocks: 80 })],
  ] as const) {
    it(`goes on with the second endpoint where the first one ${what}`, async () => {
      while ((await chain.getBlockNumber()) < 100) await chain.send("hardhat_mine", ["0x64"]);
      proxy.use(quirk);
      const { outcome, tokens } = await staked(async () => deposit(`${proxy.url}/${SECRET},${second.url}`));
      expect([outcome.code, tokens], outcome.stderr).to.deep.equal([0, 100]);
      proxy.expectStruck();
    });
  }

  it("says what it sent where the endpoint stays silent, and finds it when it is run again", async () => {
    proxy.use(losingAnswer("silent", isDeposit, { status: 504, body: "" }), silentAbout(isDeposit));
    const first = await staked(async () => deposit(`${proxy.url}/${SECRET}`, "--wait", "4s"));
    expect(first.outcome.code).to.equal(1);
    const [, hash] =
      /deposit was sent as (0x[0-9a-f]{64}), but its outcome is not known yet/.exec(first.outcome.stderr) ??
      [];
    expect(first.outcome.stderr.trim().split("\n")).to.have.length(1);
    proxy.use();
    const again = await staked(deposit);
    expect([again.outcome.code, first.tokens + again.tokens], again.outcome.stderr).to.deep.equal([0, 100]);
    expect((await chain.getTransactionReceipt(hash ?? ""))?.status).to.equal(1);
    expect((await staked(deposit)).tokens, "the next one is another deposit").to.equal(100);
  });

  for (const [when, arrives] of [
    ["before its bytes arrive", false],
    ["when they have arrived", true],
  ] as const) {
    it(`stakes once where it is killed ${when}, and given again`, async () => {
      const sending = new Promise<void>((resolve) => {
        proxy.use({
          name: "takes the bytes",
          answer: async (request, forward, { strike }) => {
            if (request.method !== SEND || !isDeposit.where(request)) return forward();
            if (arrives) await forward();
            strike();
            resolve();
            return { hang: true };
          },
        });
      });
      const { outcome, tokens } = await staked(async () => {
        const { child, done } = begin(proxy.url);
        await sending;
        child.kill("SIGKILL");
        await done;
        proxy.use();
        return deposit();
      });
      expect([outcome.code, tokens], outcome.stderr).to.deep.equal([0, 100]);
      expect(outcome.stderr).to.match(/Looking for deposit, which an earlier run sent on \S+ without seeing/);
      expect((await staked(deposit)).tokens, "the next one is another deposit").to.equal(100);
    });
  }

  it("says what became of an earlier payment before another one is made", async () => {
    proxy.use(losingAnswer("silent", isDeposit, { status: 504, body: "" }), silentAbout(isDeposit));
    const { tokens } = await staked(async () => {
      expect((await deposit(proxy.url, "--wait", "2s")).code).to.equal(1);
      proxy.use();
      const where = ["--rpc", proxy.url, "--address-book", join(folder, "addresses.json")];
      const whose = ["--keystore", join(folder, "operator.json"), "--token"];
      const env = { CONCORDAT_PASSWORD: PASSWORD, CONCORDAT_STATE: join(folder, "state") };
      const token = book.tokens?.DevelopmentToken ?? "";
      const other = await start(["stake", "unbond", "1", ...where, ...whose, token], env).done;
      expect(other.code, other.stderr).to.equal(0);
      expect(other.stderr).to.match(/deposit, which an earlier run sent as 0x[0-9a-f]{64}, is in block \d+/);
      return deposit();
    });
    expect(tokens).to.equal(99);
  });

  it("says in one line that no endpoint answers", async () => {
    proxy.use(refusing("dead", {}, { status: 503, body: SECRET }));
    const { code, stderr } = await deposit();
    expect([code, stderr.trim().split("\n").length]).to.deep.equal([2, 1]);
    expect(stderr).to.contain("cannot be reached");
  });

  /** Once a transaction that matches was sent, nothing of it is ever told: no receipt, no transaction, no count. */
  function silentAbout(match: typeof isDeposit): Quirk {
    let isSent = false;
    return {
      name: "silent about it",
      answer: async (request, forward, { strike }) => {
        if (request.method === SEND && match.where(request)) isSent = true;
        const asks = /Receipt|ByHash|TransactionCount/.test(request.method);
        if (!isSent || !asks) return forward();
        strike();
        return { status: 503, body: "" };
      },
    };
  }
});
