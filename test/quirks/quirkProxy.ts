import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { SeededRandom } from "#learning/seededRandom";

/** One JSON-RPC request as the client sent it. */
export interface RpcRequest {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A JSON-RPC error as clients and gateways give it. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What comes back for one request: an answer of JSON-RPC, a whole HTTP response of its own, or none. */
export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly error: RpcError }
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is cut without an answer. */
  | { readonly drop: true }
  /** The request is taken and never answered; the connection stays open. */
  | { readonly hang: true };

/** What a quirk may use. */
export interface QuirkTools {
  /** Counts that the quirk changed something; a fault that never struck tested nothing. */
  strike(): void;
  /** A number in [0, 1) from the proxy's seed. */
  random(): number;
  /** Asks the real endpoint, past all quirks; such questions are not counted. */
  ask(method: string, ...params: readonly unknown[]): Promise<unknown>;
}

/** Passes a request on, changed or not, to the quirks behind and at last to the real endpoint. */
export type Forward = (request?: RpcRequest) => Promise<RpcAnswer>;

/** One way in which an endpoint is not as the book says. Quirks are asked in order, each around the next. */
export interface Quirk {
  readonly name: string;
  answer?(request: RpcRequest, forward: Forward, tools: QuirkTools): Promise<RpcAnswer>;
  /** What a batch as a whole is answered with; undefined lets its requests through one by one. */
  batch?(requests: readonly RpcRequest[], tools: QuirkTools): RpcAnswer | undefined;
}

/**
 * A JSON-RPC endpoint on loopback that behaves as public endpoints do: it forwards to a real one, and quirks decide request
 * by request what becomes of it. HTTP, batches, and WebSockets, which are passed through unread.
 *
 * @example
 * const proxy = await QuirkProxy.start(rpcUrl, [refusing("one call", { method: "eth_call", times: 1 }, BUSY)]);
 * ... proxy.url ...
 * proxy.expectStruck();
 * await proxy.close();
 */
export class QuirkProxy {
  /** Requests by method, batched ones too; not those that quirks made themselves. */
  readonly requests: Record<string, number> = {};
  /** How often each quirk changed something, by its name. */
  readonly strikes: Record<string, number> = {};
  /** Sizes of the batches that came. */
  readonly batches: number[] = [];
  readonly #target: string;
  readonly #server: Server;
  readonly #random: SeededRandom;
  readonly #sockets = new Set<Duplex>();
  #quirks: readonly Quirk[] = [];

  private constructor(target: string, seed: number) {
    this.#target = target;
    this.#random = new SeededRandom(seed, "quirks");
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.writeHead(502, { "content-type": "text/plain" }).end(String(error));
      });
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#tunnel(request, socket, head),
    );
  }

  /** Listens on a free port of loopback and forwards to `target`, an HTTP endpoint. */
  static async start(target: string, quirks: readonly Quirk[] = [], seed = 1): Promise<QuirkProxy> {
    const proxy = new QuirkProxy(target, seed);
    proxy.use(...quirks);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get webSocketUrl(): string {
    return this.url.replace("http", "ws");
  }

  /** From now on these quirks, in this order, and no others. */
  use(...quirks: readonly Quirk[]): void {
    this.#quirks = quirks;
    for (const { name } of quirks) this.strikes[name] ??= 0;
  }

  /** All requests so far. */
  get total(): number {
    return Object.values(this.requests).reduce((sum, count) => sum + count, 0);
  }

  /** @throws {Error} naming the quirks that changed nothing: their test would have passed without them. */
  expectStruck(): void {
    const idle = Object.entries(this.strikes).filter(([, count]) => count === 0);
    if (idle.length > 0) throw new Error(`Never struck: ${idle.map(([name]) => name).join(", ")}`);
  }

  /** Cuts every WebSocket that is open, as a gateway does that is restarted. */
  cutWebSockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets nothing more through any WebSocket that is open, and leaves it open, as a peer that has vanished. */
  freezeWebSockets(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async close(): Promise<void> {
    this.cutWebSockets();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as RpcRequest | readonly RpcRequest[];
    const isBatch = Array.isArray(body);
    const requests = (isBatch ? body : [body]) as readonly RpcRequest[];
    if (isBatch) this.batches.push(requests.length);
    for (const { method } of requests) this.requests[method] = (this.requests[method] ?? 0) + 1;
    const whole = isBatch ? this.#answerBatch(requests) : undefined;
    const answers =
      whole === undefined ? await Promise.all(requests.map((one) => this.#answer(one))) : [whole];
    const special = answers.find((answer) => !("result" in answer) && !("error" in answer));
    if (special !== undefined) return sendSpecial(special, request.socket, response);
    const envelopes = answers.map((answer, index) => {
      const id = whole === undefined ? (requests[index]?.id ?? null) : null;
      return { jsonrpc: "2.0", id, ...answer };
    });
    const isList = isBatch && whole === undefined;
    sendJson(response, isList ? envelopes : envelopes[0]);
  }

  #answerBatch(requests: readonly RpcRequest[]): RpcAnswer | undefined {
    for (const quirk of this.#quirks) {
      const answer = quirk.batch?.(requests, this.#toolsOf(quirk));
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async #answer(request: RpcRequest): Promise<RpcAnswer> {
    const quirks = this.#quirks;
    const from = async (index: number, asked: RpcRequest): Promise<RpcAnswer> => {
      const quirk = quirks[index];
      if (quirk === undefined) return this.#forward(asked);
      const forward: Forward = (changed = asked) => from(index + 1, changed);
      return quirk.answer?.(asked, forward, this.#toolsOf(quirk)) ?? forward();
    };
    return from(0, request);
  }

  #toolsOf({ name }: Quirk): QuirkTools {
    return {
      strike: () => {
        this.strikes[name] = (this.strikes[name] ?? 0) + 1;
      },
      random: () => this.#random.uniform(),
      ask: async (method, ...params) => {
        const answer = await this.#forward({ id: 0, method, params });
        if ("result" in answer) return answer.result;
        throw new Error(`The real endpoint refuses ${method}: ${JSON.stringify(answer)}`);
      },
    };
  }

  async #forward({ id, method, params }: RpcRequest): Promise<RpcAnswer> {
    const response = await fetch(this.#target, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: id ?? 0, method, params: params ?? [] }),
    });
    const body = await response.text();
    try {
      const { result, error } = JSON.parse(body) as { result?: unknown; error?: RpcError };
      return error === undefined ? { result: result ?? null } : { error };
    } catch {
      return { status: response.status, body };
    }
  }

  #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { hostname, port } = new URL(this.#target);
    const upstream: Socket = connect(Number(port), hostname, () => {
      const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${String(value)}`);
      upstream.write(`GET ${request.url ?? "/"} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const [end, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(end);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        this.#sockets.delete(end);
        other.destroy();
      });
    }
  }
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function sendSpecial(answer: RpcAnswer, socket: Socket, response: ServerResponse): void {
  if ("drop" in answer) socket.destroy();
  else if ("status" in answer) {
    const headers = { "content-type": "application/json", ...answer.headers };
    response.writeHead(answer.status, headers).end(answer.body ?? "");
  }
}
