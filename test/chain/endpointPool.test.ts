import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { Interface } from "ethers";
import { ContractError } from "#chain/contracts/contractError";
import type { Endpoint, EndpointAnswer } from "#chain/endpoints/endpoint";
import { EndpointError, isEndpointFault } from "#chain/endpoints/endpointError";
import { endpointName } from "#chain/endpoints/endpointName";
import { EndpointPool } from "#chain/endpoints/endpointPool";
import { openProvider, rpcUrls } from "#chain/endpoints/chainProvider";
import { roundCoordinatorAbi } from "#protocol/contracts/abis";

const BUSY: EndpointAnswer = {
  kind: "refused",
  refused: { method: "eth_call", code: -32005, message: "limit exceeded" },
};
const SILENT: EndpointAnswer = { kind: "silent", reason: "ECONNRESET" };
const ok = (result: unknown): EndpointAnswer => ({ kind: "result", result });
const saying = (message: string, code = -32_000, data?: unknown): EndpointAnswer => ({
  kind: "refused",
  refused: { method: "eth_call", code, message, data },
});

/** An endpoint that gives its answers one after another, and the last for ever. */
class Scripted implements Endpoint {
  asked = 0;
  readonly name: string;
  readonly #answers: EndpointAnswer[];

  constructor(name: string, ...answers: EndpointAnswer[]) {
    this.name = name;
    this.#answers = answers;
  }

  async ask(method: string): Promise<EndpointAnswer> {
    if (method === "eth_chainId") return ok("0x1");
    this.asked++;
    return (this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0]) ?? SILENT;
  }

  close(): void {}
}

const poolOf = (...endpoints: Endpoint[]) => new EndpointPool(endpoints, { patienceMs: 5000 });
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (result) => expect.fail(`it answered ${String(result)}`),
    (error: unknown) => error,
  );

describe("A pool of endpoints", () => {
  it("asks again until it is answered, whatever the trouble is", async () => {
    const troubled = new Scripted(
      "a",
      BUSY,
      SILENT,
      saying("header not found"),
      saying("no words for it"),
      ok("0x2a"),
    );
    expect(await poolOf(troubled).ask("eth_call", [])).to.equal("0x2a");
    expect(troubled.asked).to.equal(5);
  });

  it("gives up when the patience ends, and says what the endpoint said", async () => {
    const pool = poolOf(new Scripted("https://a", BUSY));
    const error = await failureOf(pool.ask("eth_call", [], { patienceMs: 300 }));
    expect(isEndpointFault(error, "rateLimited")).to.equal(true);
    expect(String(error)).to.contain("https://a limits the rate of requests (eth_call): limit exceeded");
  });

  it("asks the next one at once, and spares the one in trouble while the other answers", async () => {
    const [first, second] = [new Scripted("a", SILENT), new Scripted("b", ok("0x1"))];
    const pool = poolOf(first, second);
    for (let i = 0; i < 5; i++) expect(await pool.ask("eth_call", [])).to.equal("0x1");
    expect([first.asked, second.asked]).to.deep.equal([1, 5]);
    expect(pool.health().map(({ isAnswering }) => isAnswering)).to.deep.equal([false, true]);
  });

  it("asks another one for logs where one does not give all, though it answers", async () => {
    const [first, second] = [new Scripted("a", ok([])), new Scripted("b", ok([1]))];
    const pool = poolOf(first, second);
    expect(await pool.ask("eth_getLogs", [])).to.deep.equal([]);
    pool.blameLogs();
    expect(await pool.ask("eth_getLogs", [])).to.deep.equal([1]);
    expect(await pool.ask("eth_getLogs", [])).to.deep.equal([1]);
  });

  it("asks the next one for a block that one does not have yet, without blaming it", async () => {
    const [first, second] = [new Scripted("a", saying("unknown block")), new Scripted("b", ok("0x1"))];
    const pool = poolOf(first, second);
    await pool.ask("eth_call", []);
    expect(pool.health()[0]?.problem).to.equal(undefined);
  });

  it("tells at once what no waiting mends, once every endpoint has said it", async () => {
    const [first, second] = [
      new Scripted("a", saying("the method eth_x does not exist/is not available", -32_601)),
      new Scripted("b", saying("Unsupported method", -32_004)),
    ];
    expect(isEndpointFault(await failureOf(poolOf(first, second).ask("eth_x", [])), "unsupported")).to.equal(
      true,
    );
    expect([first.asked, second.asked]).to.deep.equal([1, 1]);
  });

  it("throws a contract's refusal at once, by its own data alone", async () => {
    const data = new Interface(roundCoordinatorAbi).encodeErrorResult("BitmapsOverlap", []);
    const refusing = new Scripted("a", saying("whatever it says", -32_000, data));
    const error = await failureOf(poolOf(refusing).ask("eth_call", [{}]));
    expect(error).to.be.instanceOf(ContractError).with.property("errorName", "BitmapsOverlap");
    expect(refusing.asked).to.equal(1);
  });

  it("never takes a revert without data for a contract's word", async () => {
    const bare = new Scripted("a", saying("execution reverted", 3));
    expect(isEndpointFault(await failureOf(poolOf(bare).ask("eth_call", [{}])), "bareRevert")).to.equal(true);
    expect(bare.asked).to.be.greaterThan(1);
    const brief = new Scripted("a", saying("execution reverted", 3), ok("0x1"));
    expect(await poolOf(brief).ask("eth_call", [{}])).to.equal("0x1");
  });

  it("leaves out an endpoint that serves another chain, also one that comes back as another", async () => {
    const other: Endpoint = { name: "b", ask: async () => ok("0x5"), close: () => {} };
    const right = new Scripted("a", SILENT, ok("0x7"));
    const pool = new EndpointPool([other, right], { patienceMs: 5000, chainId: 1 });
    expect(await pool.ask("eth_call", [])).to.equal("0x7");
    const alone = new EndpointPool([other], { patienceMs: 5000, chainId: 1 });
    expect(isEndpointFault(await failureOf(alone.ask("eth_call", [])), "wrongChain")).to.equal(true);
  });

  it("ends a wait with the caller's signal, and every wait when it is closed", async () => {
    const pool = poolOf(new Scripted("a", SILENT));
    const stop = new AbortController();
    const waiting = failureOf(pool.ask("eth_call", [], { signal: stop.signal, patienceMs: 60_000 }));
    stop.abort(new Error("stopped"));
    expect(String(await waiting)).to.contain("stopped");
    const other = failureOf(pool.ask("eth_call", [], { patienceMs: 60_000 }));
    pool.close();
    expect(String(await other)).to.contain("closed");
  });

  it("offers a transaction once a call, whatever comes back", async () => {
    const endpoint = new Scripted("a", SILENT, ok("0x1"));
    expect(
      isEndpointFault(await failureOf(poolOf(endpoint).askOnce("eth_sendRawTransaction", ["0x"]))),
    ).to.equal(true);
    expect(endpoint.asked).to.equal(1);
  });
});

describe("An endpoint's address", () => {
  const SECRET = "s3cr3t-Key-0123456789";
  let server: Server;
  let port: number;
  let reply: (text: string) => { status: number; body: string };

  before(async () => {
    server = createServer((request, response) => {
      request.resume().on("end", () => {
        const { status, body } = reply(`${request.url} ${request.headers.authorization ?? ""}`);
        response.writeHead(status, { "content-type": "application/json" }).end(body);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as { port: number }).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const addresses = (at: number) => [
    `http://127.0.0.1:${at}/v2/${SECRET}`,
    `http://127.0.0.1:${at}/?apikey=${SECRET}`,
    `http://user:${SECRET}@127.0.0.1:${at}/`,
    `http://127.0.0.1:${at}/rpc#${SECRET}`,
  ];

  it("shows its scheme and host alone", () => {
    for (const url of addresses(8545)) expect(endpointName(url)).to.equal("http://127.0.0.1:8545");
  });

  const replies: [string, (text: string) => { status: number; body: string }][] = [
    ["a status with the key in its body", (text) => ({ status: 503, body: `busy ${text} key=${SECRET}` })],
    [
      "an error that repeats the request",
      () => ({
        status: 200,
        body: JSON.stringify({ error: { code: -32_000, message: `bad key ${SECRET}` } }),
      }),
    ],
    [
      "an error under a status",
      () => ({
        status: 401,
        body: JSON.stringify({ error: { code: 1, message: `project ${SECRET} is unknown` } }),
      }),
    ],
    [
      "an error that is a text",
      () => ({ status: 429, body: JSON.stringify({ error: `too many with ${SECRET}` }) }),
    ],
    ["a page", () => ({ status: 200, body: `<html>${SECRET}</html>` })],
  ];
  for (const [what, answer] of replies) {
    it(`is in no error after ${what}`, async () => {
      reply = answer;
      for (const url of addresses(port)) {
        const provider = openProvider(url, undefined, { patienceMs: 1 });
        const error = await failureOf(provider.send("eth_call", [{}, "latest"]));
        provider.destroy();
        expect(error).to.be.instanceOf(EndpointError);
        const { message, stack, cause } = error as EndpointError;
        expect(JSON.stringify([message, stack, String(cause), error])).to.not.contain(SECRET);
      }
    });
  }

  it("is in no error when nobody listens", async () => {
    for (const url of addresses(1)) {
      const provider = openProvider(url, undefined, { patienceMs: 1 });
      const error = await failureOf(provider.send("eth_call", [{}, "latest"]));
      provider.destroy();
      expect(String(error)).to.not.contain(SECRET);
      expect(isEndpointFault(error, "unreachable")).to.equal(true);
    }
  });

  it("is one, several in a list, or several by commas", () => {
    expect(rpcUrls("http://a")).to.deep.equal(["http://a"]);
    expect(rpcUrls("http://a, ws://b,http://a")).to.deep.equal(["http://a", "ws://b"]);
    expect(rpcUrls(["http://a", "http://b"])).to.deep.equal(["http://a", "http://b"]);
    expect(() => openProvider("ftp://a.example/key123456")).to.throw(
      "ftp://a.example is not an HTTP or WebSocket",
    );
  });
});
