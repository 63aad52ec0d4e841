import { expect } from "chai";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { BlockSink } from "#store/blocks/blockSink";
import {
  GatewayConnection,
  StaleConnectionError,
  UnusualAnswerError,
} from "#store/gateway/gatewayConnection";
import { getFromGateway } from "#store/gateway/gatewayConnections";
import { rejection } from "./rejection.ts";
import { sampleBytes } from "./sampleBytes.ts";

describe("a connection to a gateway", () => {
  const never = new AbortController().signal;
  let server: Server;
  let url: URL;
  /** What the gateway does with the request number `request` on one connection. */
  let answer: (socket: Socket, request: number, text: string) => void;
  let connections: number;
  const sockets = new Set<Socket>();

  before(async () => {
    server = createServer((socket) => {
      connections++;
      sockets.add(socket);
      let requests = 0;
      socket.on("error", () => undefined);
      socket.on("data", (text) => answer(socket, ++requests, String(text)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  beforeEach(() => (connections = 0));
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });

  const connection = (): GatewayConnection => new GatewayConnection(url, () => undefined);
  const ok = (length: number, ...more: string[]): string =>
    ["HTTP/1.1 200 OK", `content-LENGTH: ${length}`, ...more, "\r\n"].join("\r\n");
  const sinkOf = (length: number): BlockSink => new BlockSink(new Uint8Array(length));
  const refusal = async (text: string | Uint8Array, room = 10): Promise<Error> => {
    answer = (socket) => socket.write(text);
    const made = connection();
    const sink = sinkOf(room);
    const error = await rejection(made.get("/a", sink, never), Error);
    expect(made.isOpen).to.equal(false);
    return error;
  };

  it("brings one body after another to its place, however the bytes are cut", async () => {
    const bytes = sampleBytes(3_000_000);
    const made = connection();
    answer = (socket, request, text) => {
      expect(text).to.match(/^GET \/block HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\n[^]*\r\n\r\n$/);
      const message = Buffer.concat([Buffer.from(ok(bytes.length)), bytes]);
      const cut = [5, 60, 200][request - 1] ?? 0;
      socket.write(message.subarray(0, cut), () => socket.write(message.subarray(cut)));
    };
    for (let i = 0; i < 3; i++) {
      const sink = sinkOf(bytes.length + 1);
      expect(await made.get("/block", sink, never)).to.equal(200);
      expect(Buffer.compare(sink.bytes, bytes)).to.equal(0);
    }
    expect([connections, made.isOpen]).to.deep.equal([1, true]);
  });

  it("tells any other status, and goes on after one without a body", async () => {
    const made = connection();
    answer = (socket, request) =>
      socket.write(`HTTP/1.1 ${request === 1 ? 404 : 500} No\r\nContent-Length: ${request - 1}\r\n\r\n`);
    const sink = sinkOf(10);
    expect(await made.get("/a", sink, never)).to.equal(404);
    expect(made.isOpen).to.equal(true);
    expect(await made.get("/a", sink, never)).to.equal(500);
    expect(made.isOpen).to.equal(false);
    expect(sink.bytes).to.have.length(0);
  });

  it("ends after an answer that says so", async () => {
    for (const head of [
      ok(2, "Connection: close"),
      ok(2, "Connection: Upgrade"),
      ok(2).replace("1.1", "1.0"),
    ]) {
      answer = (socket) => socket.write(`${head}ab`);
      const made = connection();
      expect(await made.get("/a", sinkOf(10), never)).to.equal(200);
      expect(made.isOpen).to.equal(false);
    }
  });

  it("refuses bodies above the bound, before they arrive", async () => {
    expect((await refusal(ok(11))).message).to.contain("more than 10 bytes");
    expect((await refusal(ok(999_999_999_999_999))).message).to.contain("more than 10 bytes");
  });

  it("refuses what is no HTTP, has a huge head, or goes on after its end", async () => {
    expect((await refusal("SSH-2.0-OpenSSH\r\n\r\n")).message).to.contain("not HTTP");
    expect((await refusal("HTTP/1.1 2000 OK\r\n\r\n")).message).to.contain("not HTTP");
    expect((await refusal(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}`)).message).to.contain("8192");
    expect((await refusal(`${ok(2)}abc`)).message).to.contain("longer");
  });

  it("leaves a length that is told otherwise, or twice, to another reader", async () => {
    for (const head of [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4",
      "HTTP/1.1 200 OK\r\nContent-Length: -3",
      "HTTP/1.1 200 OK",
    ])
      expect(await refusal(`${head}\r\n\r\nabc`)).to.be.instanceOf(UnusualAnswerError);
  });

  it("fails where the gateway hangs up in the middle", async () => {
    answer = (socket) => socket.end(`${ok(9)}abc`);
    const error = await rejection(connection().get("/a", sinkOf(10), never), Error);
    expect(error.message).to.contain("closed");
    expect(error).not.to.be.instanceOf(StaleConnectionError);
  });

  it("writes nothing more once the caller has given up", async () => {
    const caller = new AbortController();
    const reason = new RangeError("no longer wanted");
    const room = new Uint8Array(10);
    const closed = new Promise<unknown>((resolve) => {
      answer = (socket) => {
        socket.on("close", resolve);
        socket.write(`${ok(9)}abc`, () => caller.abort(reason));
      };
    });
    const made = connection();
    expect(await rejection(made.get("/a", new BlockSink(room), caller.signal), RangeError)).to.equal(reason);
    await closed;
    expect(room.slice(3)).to.deep.equal(new Uint8Array(7));
    expect(await rejection(connection().get("/a", sinkOf(10), caller.signal), RangeError)).to.equal(reason);
  });

  it("is closed by a gateway that speaks unasked", async () => {
    let speak = (): unknown => undefined;
    answer = (socket) => {
      socket.write(`${ok(2)}ab`);
      speak = () => socket.write(ok(2));
    };
    const closed = Promise.withResolvers<void>();
    const made = new GatewayConnection(url, closed.resolve);
    await made.get("/a", sinkOf(10), never);
    expect(made.isOpen).to.equal(true);
    speak();
    await closed.promise;
    expect(made.isOpen).to.equal(false);
  });

  it("says where a kept connection was closed before it answered, and the next request goes over a new one", async () => {
    const made = connection();
    answer = (socket, request) => (request === 1 ? socket.write(`${ok(2)}ab`) : socket.destroy());
    await made.get("/a", sinkOf(10), never);
    await rejection(made.get("/a", sinkOf(10), never), StaleConnectionError);
    connections = 0;
    const sinks = [sinkOf(2), sinkOf(2), sinkOf(2)];
    for (const sink of sinks) expect(await getFromGateway(url, "/a", sink, never)).to.equal(200);
    expect(sinks.map(({ bytes }) => bytes.length)).to.deep.equal([2, 2, 2]);
    expect(connections).to.equal(3);
  });

  it("is shared by requests that follow each other", async () => {
    answer = (socket) => socket.write(`${ok(2)}ab`);
    for (let i = 0; i < 5; i++) await getFromGateway(url, "/a", sinkOf(2), never);
    expect(connections).to.be.at.most(1);
  });
});
