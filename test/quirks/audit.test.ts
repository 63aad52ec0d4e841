import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { auditRpc } from "#audit/reading/auditRpc";
import type { RpcAuditOptions } from "#audit/reading/auditRpc";
import { INTERFACES } from "#audit/reading/contracts";
import { openEndpoint } from "#audit/reading/endpointSource";
import { readLogRanges } from "#audit/reading/logRanges";
import type { AuditReport } from "#audit/report";
import { SeededRandom } from "#learning/seededRandom";
import { ADDRESS_BOOK_FORMAT } from "#protocol/contracts/addressBook";
import { Phase } from "#protocol/contracts/enums";
import { ConcordatError } from "#protocol/errors";
import { CONTRACT_NAMES } from "#protocol/events/contracts";
import type { Address } from "#protocol/ids";
import { beginScenario, playEventfulTask } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { concordat } from "../cli/concordat.ts";
import { chainOf, serveChain } from "../index/scenarioIndex.ts";
import type { RpcEndpoint } from "../index/scenarioIndex.ts";
import { flap, lag } from "./lag.ts";
import { limitedLogs, offsetNumbers, prunedStates, truncatedLogs } from "./limits.ts";
import { QuirkProxy } from "./quirkProxy.ts";
import type { Quirk, RpcRequest } from "./quirkProxy.ts";
import { batchesRefused, changing, nullHeaders, rateLimited, refusing } from "./refusals.ts";
import { WORDINGS } from "./wordings.ts";

const CHAIN_ID = 31_337;
const PATIENCE_MS = 3_000;
const PHASE_ENTERED = INTERFACES.RoundCoordinator.getEvent("PhaseEntered")?.topicHash;
const HEADER_NOT_FOUND = { error: { code: -32_000, message: "header not found" } };
const ALCHEMY = {
  code: -32_600,
  message: "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range",
};

describe("auditing an honest federation through endpoints as they are", function () {
  this.timeout(60_000);
  let scenario: Scenario;
  let chain: RpcEndpoint;
  let proxy: QuirkProxy;
  let plain: AuditReport;
  const folder = mkdtempSync(join(tmpdir(), "concordat-quirks-"));
  const book = join(folder, "addresses.json");

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    chain = await serveChain(scenario);
    writeFileSync(
      book,
      JSON.stringify({ format: ADDRESS_BOOK_FORMAT, network: "test", ...chainOf(scenario) }),
    );
    plain = await read(chain.url);
    expect([plain.agrees, plain.firstDisagreement]).to.deep.equal([true, undefined]);
  });
  after(() => {
    chain.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    proxy = await QuirkProxy.start(chain.url);
  });
  afterEach(() => proxy.close());

  const read = async (
    rpcUrl: RpcAuditOptions["rpcUrl"] = proxy.url,
    more: Partial<RpcAuditOptions> = {},
  ): Promise<AuditReport> =>
    auditRpc({
      rpcUrl,
      chainId: CHAIN_ID,
      addressBook: scenario.deployment,
      patienceMs: PATIENCE_MS,
      ...more,
    });

  /** The one line with which an audit ends that cannot be made. */
  const failureOf = async (reading: Promise<AuditReport>): Promise<string> => {
    const error = await reading.then(
      ({ firstDisagreement }) => expect.fail(`it ended: ${JSON.stringify(firstDisagreement ?? "it agrees")}`),
      (cause: unknown) => cause,
    );
    expect(error, String(error)).to.be.instanceOf(ConcordatError);
    return (error as ConcordatError).oneLine;
  };

  const LOGS_ARE_BEHIND = lag({ blocks: 12, of: ["logs"], times: 1 });
  const HARMLESS: Readonly<Record<string, readonly Quirk[]>> = {
    "that answers for ten blocks at once": [limitedLogs({ blocks: 10, error: ALCHEMY })],
    "that gives twenty logs at once": [
      limitedLogs({ results: 20, error: { code: -32_005, message: "query returned more than 20 results" } }),
    ],
    "that leaves out what does not fit into thirty logs, and does not say so": [truncatedLogs(30)],
    "whose logs are behind for a while": [LOGS_ARE_BEHIND],
    "with one backend that is three blocks behind": [lag({ blocks: 3, every: 4 })],
    "whose newest block goes back and forth": [flap(3)],
    "that does not find headers in one of four calls": [
      refusing("no header", { method: "eth_call", every: 4 }, HEADER_NOT_FOUND),
    ],
    "that gives no header now and then": [nullHeaders({ every: 5 })],
    "that limits the rate": [rateLimited(30, 2, { status: 429, headers: { "retry-after": "1" } })],
    "that says so in JSON": [
      rateLimited(30, 2, { error: { code: -32_005, message: "rate limit exceeded" } }),
    ],
    "that is overloaded now and then": [
      refusing("503", { share: 0.1 }, { status: 503, body: "<html>busy</html>" }),
      refusing("cut", { share: 0.1 }, { drop: true }),
      refusing("page", { share: 0.05 }, { status: 200, body: "<html>Welcome</html>" }),
      refusing("nothing", { share: 0.05 }, { status: 200, body: "" }),
      refusing("half", { share: 0.05 }, { status: 200, body: '{"jsonrpc":"2.0","id":1,"res' }),
    ],
    "that has forgotten all states but the last eight": [prunedStates(8)],
    "one of whose answers has another log": [
      changing("another log", { method: "eth_getLogs", times: 1 }, withoutPhase),
    ],
    "that is on another branch when the audit begins": [
      changing("another branch", { method: "eth_getBlockByNumber", times: 1 }, (block) => ({
        ...(block as object),
        hash: `0x${"ab".repeat(32)}`,
      })),
    ],
  };
  const IDLE: ReadonlySet<string> = new Set(["that has forgotten all states but the last eight"]);
  for (const [endpoint, quirks] of Object.entries(HARMLESS)) {
    it(`says by one ${endpoint} what it says by a plain one`, async () => {
      proxy.use(...quirks);
      const report = await read();
      expect(report.firstDisagreement).to.equal(undefined);
      expect([report.events, report.counts]).to.deep.equal([plain.events, plain.counts]);
      // An audit reads no old states, so there is nothing to strike.
      if (!IDLE.has(endpoint)) proxy.expectStruck();
    });
  }

  it("sends no batches, so nobody has to bear them", async () => {
    proxy.use(batchesRefused(1, { error: { code: -32_600, message: "batch requests are not supported" } }));
    expect((await read()).agrees).to.equal(true);
    expect(proxy.batches).to.deep.equal([]);
  });

  it("reads narrower ranges in whatever words a range is refused", async () => {
    const addresses = CONTRACT_NAMES.map((name) => scenario.deployment.contracts[name]);
    const refused = WORDINGS.filter(
      ({ method, expected }) => method === "eth_getLogs" && expected === "tooLarge",
    );
    expect(refused).to.have.length.greaterThan(30);
    for (const { client, error, httpStatus = 200, body } of refused) {
      const text = error === undefined ? body : JSON.stringify({ jsonrpc: "2.0", id: 1, error });
      const isWide = ({ params }: RpcRequest): boolean => {
        const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
        return Number(toBlock) - Number(fromBlock) >= 16;
      };
      const answer = { status: httpStatus, ...(text !== undefined && { body: text }) };
      proxy.use(refusing(client, { method: "eth_getLogs", where: isWide }, answer));
      const { source, close } = openEndpoint(proxy.url, CHAIN_ID, 500);
      let count = 0;
      for await (const { logs } of readLogRanges(source, addresses, 0, plain.toBlock)) count += logs.length;
      close();
      expect(count, `${client}: ${text}`).to.equal(plain.events);
      proxy.expectStruck();
    }
  });

  it("says in one line, and accuses nobody, where logs are missing for good", async () => {
    proxy.use(lag({ blocks: 12, of: ["logs"] }));
    const line = await failureOf(read(proxy.url, { patienceMs: 1_000 }));
    expect(line).to.match(
      /^The endpoint's logs are incomplete: http:\/\/127\.0\.0\.1:\d+ gives \d+ of \d+ .* up to block \d+\. Ask another/,
    );
  });

  it("says so where every answer lacks another log", async () => {
    const random = new SeededRandom(1, "logs");
    const some = (logs: unknown): unknown =>
      without<Log>(logs, ({ topics }) => topics[0] === PHASE_ENTERED && random.uniform() < 0.5);
    proxy.use(changing("other logs each time", { method: "eth_getLogs" }, some));
    expect(await failureOf(read(proxy.url, { patienceMs: 1_000 }))).to.match(
      /^The endpoint's logs are incomplete/,
    );
  });

  it("still finds what a federation did wrong, where all readings show it", async () => {
    proxy.use(changing("tampered", { method: "eth_getLogs" }, withAnotherPhase));
    const report = await read();
    expect(report.agrees).to.equal(false);
    proxy.expectStruck();
  });

  it("tells every check anew after it began again", async () => {
    proxy.use(lag({ blocks: 12, of: ["logs"], times: 1 }), lag({ blocks: 2, of: ["logs"], times: 1 }));
    let [checks, restarts] = [0, 0];
    await read(proxy.url, {
      onCheck: () => checks++,
      onRestart: () => {
        checks = 0;
        restarts++;
      },
    });
    expect([checks, restarts]).to.deep.equal([plain.checks.length, 1]);
  });

  it("goes on to a newer block where the endpoint forgot the state while it read", async () => {
    const head = `0x${plain.toBlock.toString(16)}`;
    let calls = 0;
    // Constants, counts of the registry and counts of one task are read before the replay.
    const isLate = ({ params }: RpcRequest): boolean => params[1] === head && ++calls > 9;
    const forgotten = { error: { code: -32_000, message: "missing trie node" } };
    proxy.use(refusing("forgotten", { method: "eth_call", where: isLate }, forgotten));
    let mined: Promise<void> | undefined;
    const report = await read(proxy.url, {
      patienceMs: 1_000,
      onCheck: () => {
        mined ??= scenario.federation.connection.networkHelpers.mine(1);
      },
    });
    await mined;
    proxy.expectStruck();
    expect([report.firstDisagreement, report.toBlock]).to.deep.equal([undefined, plain.toBlock + 1]);
    expect(report.counts).to.deep.equal(plain.counts);
  });

  it("prints no key of an endpoint's address", async () => {
    proxy.use(refusing("down", {}, { status: 503, body: "no key=SECRET-IN-PATH-1234" }));
    const url = `${proxy.url.replace("http://", "http://user:SECRET-PASS@")}/v3/SECRET-IN-PATH-1234?k=SECRET-QUERY`;
    const line = await failureOf(read(url, { patienceMs: 300 }));
    expect(line).to.contain(proxy.url).and.not.contain("SECRET");
  });

  it("counts nothing that another deployment's contracts ran", async () => {
    const other = await beginScenario();
    await other.federation.startTask({ rewardLedger: `0x${"ab".repeat(20)}` as Address });
    await other.federation.train();
    await other.federation.startTask({ rounds: 1 });
    await other.federation.playRound();
    const served = await serveChain(other);
    try {
      const report = await read(served.url, { addressBook: other.deployment });
      expect(report.firstDisagreement).to.equal(undefined);
      expect(report.counts["negotiation.alpha"]?.agree).to.equal(1);
    } finally {
      served.close();
    }
  });

  describe("by two endpoints", () => {
    let other: QuirkProxy;
    beforeEach(async () => {
      other = await QuirkProxy.start(chain.url);
    });
    afterEach(() => other.close());
    const both = async (patienceMs = PATIENCE_MS): Promise<AuditReport> =>
      read([proxy.url, other.url], { patienceMs });

    it("goes by the newest block that both have", async () => {
      other.use(lag({ blocks: 0, of: ["heads"] }), flap(2));
      expect((await both()).agrees).to.equal(true);
    });

    it("waits for the one that is behind, and says which lacks what where it stays behind", async () => {
      other.use(changing("one log less", { method: "eth_getLogs", times: 1 }, withoutPhase));
      expect((await both()).agrees).to.equal(true);
      other.expectStruck();
      other.use(changing("one log less for good", { method: "eth_getLogs" }, withoutPhase));
      const line = await failureOf(both(800));
      expect(line).to.contain(
        `The endpoints give different logs: ${other.url} lacks 1 log, the first in block`,
      );
    });

    it("says so where they are on different branches or chains", async () => {
      other.use(
        changing("another branch", { method: "eth_getBlockByNumber" }, (block) => ({
          ...(block as object),
          hash: `0x${"ab".repeat(32)}`,
        })),
      );
      expect(await failureOf(both(500))).to.match(
        /^The endpoints are on different branches: block \d+ is 0x/,
      );
      other.use(changing("another chain", { method: "eth_chainId" }, () => "0x1"));
      expect(await failureOf(both(500))).to.contain("serves another chain");
    });
  });

  describe("as a command", () => {
    const command = async (...more: string[]) =>
      concordat("audit", "--rpc", proxy.url, "--address-book", book, ...more);

    it("refuses a chain whose contracts see other block numbers, in one line with exit code 2", async () => {
      proxy.use(offsetNumbers(1_000_000));
      const { code, stdout, stderr } = await command();
      expect([code, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.match(
        /^concordat: Contracts on this chain see block number \d+, but its endpoint is at block .*\n$/,
      );
    });

    it("says with exit code 3 what nobody serves, 0 where that is allowed", async () => {
      const { code, stdout } = await command("--artifacts");
      expect(stdout)
        .to.contain("aggregate.model")
        .and.not.match(/\b0 checked/);
      expect([code, stdout.trim().split("\n").at(-1)]).to.deep.equal([
        3,
        "Nothing disagrees, but 3 of 3 aggregates could not be recomputed: none of the nodes 1, 2, 3, 4, 5 serves the manifest of task 1",
      ]);
      expect((await command("--artifacts", "--allow-missing")).code).to.equal(0);
    });
  });
});

/** Logs in which one event says something else than on chain: the first change of phase. */
function withAnotherPhase(logs: unknown): unknown {
  const change = (data: string): string => data.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  return (logs as Log[]).map((log) => (isPhase(log) ? { ...log, data: change(log.data) } : log));
}

/** Without one event that no contract counts: the first change of phase. */
function withoutPhase(logs: unknown): unknown {
  return without(logs, isPhase);
}

interface Log {
  readonly topics: readonly string[];
  readonly data: string;
}

/** Whether a log says that the first round of the first task entered its negotiation. */
function isPhase({ topics: [event, taskId, round, phase] }: Log): boolean {
  return event === PHASE_ENTERED && [taskId, round, phase].map(Number).join() === `1,1,${Phase.Negotiation}`;
}

function without<Item>(
  logs: unknown,
  isLeftOut: (log: Item, i: number, all: readonly Item[]) => boolean,
): readonly Item[] {
  return (logs as Item[]).filter((log, i, all) => !isLeftOut(log, i, all));
}
