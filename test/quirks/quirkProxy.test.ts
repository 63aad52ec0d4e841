import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { lag } from "./lag.ts";
import { limitedLogs, offsetNumbers, prunedStates, truncatedLogs } from "./limits.ts";
import { QuirkProxy } from "./quirkProxy.ts";
import type { Quirk, RpcRequest } from "./quirkProxy.ts";
import { batchesRefused, losingAnswer, nullReceipts, refusing, repeating } from "./refusals.ts";

const BUSY = { code: -32_005, message: "limit exceeded" };
const HEAD = 20;

describe("the quirk proxy", () => {
  const asked: RpcRequest[] = [];
  const chain = createServer(async (request, response) => {
    const { id, method, params } = JSON.parse(await text(request)) as RpcRequest;
    asked.push({ id, method, params });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: answerOf(method, params) }));
  });
  let target = "";
  let proxy: QuirkProxy;
  // An echo instead of a WebSocket server: the proxy does not read what passes.
  chain.on("upgrade", (_request, socket: Socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    socket.on("error", () => undefined).pipe(socket);
  });
  before(async () => {
    await once(chain.listen(0, "127.0.0.1"), "listening");
    target = `http://127.0.0.1:${(chain.address() as AddressInfo).port}`;
  });
  after(() => {
    chain.close();
    chain.closeAllConnections();
  });
  beforeEach(async () => {
    asked.length = 0;
    proxy = await QuirkProxy.start(target);
  });
  afterEach(() => proxy.close());

  const ask = async (method: string, ...params: unknown[]): Promise<unknown> =>
    send({ id: 1, method, params });
  const send = async (body: unknown): Promise<unknown> => {
    const response = await fetch(proxy.url, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  };
  const result = async (method: string, ...params: unknown[]): Promise<unknown> =>
    ((await ask(method, ...params)) as { result?: unknown }).result;

  it("passes requests and batches on, and counts them by method", async () => {
    expect(await result("eth_blockNumber")).to.equal("0x14");
    const batch = [1, 2].map((id) => ({ id, method: "eth_chainId", params: [] }));
    expect(await send(batch)).to.deep.equal([1, 2].map((id) => ({ jsonrpc: "2.0", id, result: "0x7a69" })));
    expect([proxy.requests, proxy.batches]).to.deep.equal([{ eth_blockNumber: 1, eth_chainId: 2 }, [2]]);
  });

  it("refuses as often as it is told, what it is told", async () => {
    proxy.use(refusing("busy", { method: "eth_call", selector: "0x12345678", times: 1 }, { error: BUSY }));
    const call = { to: "0x00", data: "0x12345678ff" };
    expect(await result("eth_call", { data: "0x87654321" }, "latest")).to.equal("0xlatest");
    expect(await ask("eth_call", call, "latest")).to.deep.include({ error: BUSY });
    expect(await result("eth_call", call, "latest")).to.equal("0xlatest");
    expect(proxy.strikes).to.deep.equal({ busy: 1 });
  });

  it("says which quirk never struck", async () => {
    proxy.use(refusing("idle", { method: "eth_foo" }, { error: BUSY }));
    await ask("eth_blockNumber");
    expect(() => proxy.expectStruck()).to.throw("Never struck: idle");
  });

  it("strikes the same share of the same requests for a seed", async () => {
    const strikes = async (seed: number): Promise<boolean[]> => {
      const seeded = await QuirkProxy.start(
        target,
        [refusing("some", { share: 0.5 }, { error: BUSY })],
        seed,
      );
      const struck: boolean[] = [];
      for (let i = 0; i < 12; i++) {
        const body = JSON.stringify({ id: 1, method: "eth_chainId", params: [] });
        struck.push("error" in (await (await fetch(seeded.url, { method: "POST", body })).json()));
      }
      await seeded.close();
      return struck;
    };
    const first = await strikes(7);
    expect(first).to.include.members([true, false]);
    expect(await strikes(7)).to.deep.equal(first);
  });

  it("loses an answer after its effect, and repeats a send", async () => {
    proxy.use(losingAnswer("lost", { method: "eth_sendRawTransaction", times: 1 }), repeating("twice", {}));
    const outcome = await ask("eth_sendRawTransaction", "0x01").then(
      () => "answered",
      () => "cut",
    );
    expect(outcome).to.equal("cut");
    expect(asked.map(({ method }) => method)).to.deep.equal(Array(2).fill("eth_sendRawTransaction"));
  });

  it("lags: older heads, clipped logs, unknown blocks and receipts", async () => {
    proxy.use(lag({ blocks: 5 }));
    expect(await result("eth_blockNumber")).to.equal("0xf");
    expect(await result("eth_getBlockByNumber", "latest", false)).to.deep.equal({ number: "0xf" });
    expect(await result("eth_getBlockByNumber", "0x14", false)).to.equal(null);
    expect(await result("eth_call", {}, "latest")).to.equal("0x0xf");
    expect(await ask("eth_call", {}, "0x10")).to.have.nested.property("error.message", "header not found");
    expect(await result("eth_getTransactionReceipt", "0x12")).to.equal(null);
    expect(await result("eth_getTransactionReceipt", "0x0f")).to.deep.equal({ blockNumber: "0x0f" });
    expect(await result("eth_getLogs", { fromBlock: "0xe", toBlock: "0x14" })).to.have.length(2);
    expect(await result("eth_getLogs", { fromBlock: "0x10", toBlock: "0x14" })).to.deep.equal([]);
  });

  it("passes WebSockets through unread, until it cuts them", async () => {
    const { port, hostname } = new URL(proxy.webSocketUrl);
    const client = connect(Number(port), hostname);
    const received = async (): Promise<string> => String((await once(client, "data"))[0]);
    client.write("GET / HTTP/1.1\r\nHost: chain\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    expect(await received()).to.match(/^HTTP\/1\.1 101 /);
    client.write("any frame");
    expect(await received()).to.equal("any frame");
    const closed = once(client, "close");
    proxy.cutWebSockets();
    await closed;
  });

  it("limits ranges, cuts lists, forgets states, refuses batches and shifts numbers", async () => {
    const range = { fromBlock: "0x1", toBlock: "0xa" };
    const use = (quirk: Quirk): void => proxy.use(quirk);
    use(limitedLogs({ blocks: 5, error: BUSY }));
    expect(await ask("eth_getLogs", range)).to.have.property("error");
    use(truncatedLogs(3));
    expect(await result("eth_getLogs", range)).to.have.length(3);
    use(prunedStates(8));
    expect(await ask("eth_call", {}, "0x2")).to.have.nested.property("error.code", -32_000);
    use(batchesRefused(1, { error: BUSY }));
    expect(await send([{ id: 1, method: "eth_chainId", params: [] }])).to.have.property("error");
    use(nullReceipts({ times: 1 }));
    expect(await result("eth_getTransactionReceipt", "0x01")).to.equal(null);
    use(offsetNumbers(1000));
    expect(await result("eth_blockNumber")).to.equal("0x3fc");
    expect(await result("eth_getBlockByNumber", "0x3e9", false)).to.deep.equal({ number: "0x3e9" });
    proxy.expectStruck();
  });
});

/** A chain of twenty blocks with one log each. */
function answerOf(method: string, params: readonly unknown[]): unknown {
  const [first, second] = params;
  switch (method) {
    case "eth_blockNumber":
      return `0x${HEAD.toString(16)}`;
    case "eth_chainId":
      return "0x7a69";
    case "eth_getBlockByNumber":
      return { number: first };
    case "eth_getTransactionReceipt":
      return { blockNumber: first };
    case "eth_getLogs": {
      const { fromBlock, toBlock } = first as { fromBlock: string; toBlock: string };
      const count = Math.max(0, Number(toBlock) - Number(fromBlock) + 1);
      return Array.from({ length: count }, (_, i) => ({
        blockNumber: `0x${(Number(fromBlock) + i).toString(16)}`,
      }));
    }
    default:
      return `0x${String(second)}`;
  }
}
