import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { pino } from "pino";
import { openProvider } from "#chain/endpoints/chainProvider";
import { classifyAnswer } from "#chain/endpoints/classifyAnswer";
import type { Endpoint, EndpointAnswer } from "#chain/endpoints/endpoint";
import { isEndpointFault } from "#chain/endpoints/endpointError";
import { httpEndpoint } from "#chain/endpoints/httpEndpoint";
import { EndpointPool } from "#chain/endpoints/endpointPool";

type Answering = (method: string, signal: AbortSignal) => Promise<EndpointAnswer>;

/** An endpoint that answers as a test says, and counts what it was asked beside its chain. */
class Odd implements Endpoint {
  asked = 0;
  readonly name: string;
  readonly #answering: Answering;

  constructor(name: string, answering: Answering) {
    this.name = name;
    this.#answering = answering;
  }

  async ask(method: string, _params: readonly unknown[], signal: AbortSignal): Promise<EndpointAnswer> {
    this.asked++;
    return this.#answering(method, signal);
  }

  close(): void {}
}

const well: Answering = async () => ({ kind: "result", result: "0x1" });
const silent: Answering = async () => ({ kind: "silent", reason: "ECONNREFUSED" });
/** Takes every request and never answers. */
const hanging: Answering = async (_method, signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
const limited: Answering = async (method) => ({
  kind: "refused",
  refused: { method, httpStatus: 429, message: "HTTP status 429" },
  retryAfterMs: 60_000,
});
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (result) => expect.fail(`it answered ${String(result)}`),
    (error: unknown) => error,
  );

describe("The patience of a pool of endpoints", function () {
  this.timeout(10_000);
  const open: EndpointPool[] = [];
  const poolOf = (...answering: Answering[]): { pool: EndpointPool; odd: Odd[]; lines: string[] } => {
    const odd = answering.map((each, i) => new Odd(`endpoint ${i + 1}`, each));
    const lines: string[] = [];
    const logger = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const pool = new EndpointPool(odd, { patienceMs: 5000, logger });
    open.push(pool);
    return { pool, odd, lines };
  };
  afterEach(() => open.splice(0).forEach((pool) => pool.close()));

  it("ends although the endpoint asks for a longer pause, which is kept for the next question too", async () => {
    const { pool, odd } = poolOf(limited);
    for (let question = 0; question < 2; question++) {
      const error = await failureOf(pool.ask("eth_call", [], { patienceMs: 200 }));
      expect(isEndpointFault(error, "rateLimited"), String(error)).to.equal(true);
    }
    expect(odd[0]?.asked).to.equal(1);
  });

  it("says of a transaction that it was not offered while every endpoint asks for a pause", async () => {
    const { pool } = poolOf(limited);
    await failureOf(pool.ask("eth_call", [], { patienceMs: 1 }));
    const error = await failureOf(pool.askOnce("eth_sendRawTransaction", ["0x"]));
    expect(isEndpointFault(error, "rateLimited"), String(error)).to.equal(true);
  });

  it("asks the next endpoint beside one that keeps it waiting, and spares that one afterwards", async () => {
    const { pool, odd } = poolOf(hanging, well);
    expect(await pool.ask("eth_call", [])).to.equal("0x1");
    for (let i = 0; i < 5; i++) expect(await pool.ask("eth_call", [])).to.equal("0x1");
    expect(odd.map(({ asked }) => asked)).to.deep.equal([1, 6]);
    expect(pool.health()[0]?.isAnswering).to.equal(false);
  });

  it("leaves the queue of an endpoint that hangs when the caller's signal says so", async () => {
    const { pool } = poolOf(hanging);
    const stop = new AbortController();
    const asked = Array.from({ length: 40 }, async () =>
      failureOf(pool.ask("eth_call", [], { signal: stop.signal })),
    );
    stop.abort(new Error("enough"));
    for (const error of await Promise.all(asked)) expect(String(error)).to.contain("enough");
  });

  it("does not take an answer without end into memory", async () => {
    let isLeft: (() => void) | undefined;
    const left = new Promise<void>((resolve) => (isLeft = resolve));
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = (): boolean => response.write(" ".repeat(1000)) && setImmediate(more) !== undefined;
      response.on("drain", more).on("close", () => isLeft?.());
      more();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const endpoint = httpEndpoint(`http://127.0.0.1:${port}`, 100_000);
    const answer = await endpoint.ask("eth_getLogs", [], new AbortController().signal);
    expect(answer.kind === "refused" && classifyAnswer(answer.refused)).to.equal("tooLarge");
    await left;
    endpoint.close();
    server.close();
  });

  it("holds whatever stands in an endpoint's address", async () => {
    for (const url of [
      "http://user:%E0%A4%A@127.0.0.1:9/",
      "ws://127.0.0.1:9/#key",
      "ws://u:p@127.0.0.1:9",
    ]) {
      const provider = openProvider(url, 1, { patienceMs: 1 });
      expect(isEndpointFault(await failureOf(provider.ask("eth_call", [])), "unreachable"), url).to.equal(
        true,
      );
      provider.destroy();
    }
  });

  it("says of an endpoint that comes and goes that it does so, not each time", async () => {
    let turn = 0;
    const { pool, lines } = poolOf(async (method, signal) =>
      (turn++ % 2 === 0 ? silent : well)(method, signal),
    );
    for (let i = 0; i < 8; i++) await pool.ask("eth_call", []);
    expect(turn).to.equal(16);
    expect(lines.length, lines.join("")).to.be.within(1, 2);
  });
});
