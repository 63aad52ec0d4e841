import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface RpcRequest {
  readonly method: string;
  readonly params: unknown;
}
type Alter = (request: RpcRequest, result: unknown) => unknown;

/** An endpoint that can go down and come back at the same address, and that can be made to lie. */
export class EndpointProxy {
  readonly url: string;
  /** Changes what the chain answered; undefined for the truth. */
  alter: Alter | undefined;
  readonly #target: string;
  readonly #port: number;
  #server: Server;

  private constructor(target: string, server: Server) {
    this.#target = target;
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.#port}`;
    this.#serve();
  }

  static async open(target: string): Promise<EndpointProxy> {
    return new EndpointProxy(target, await listen(0));
  }

  async down(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async up(): Promise<void> {
    this.#server = await listen(this.#port);
    this.#serve();
  }

  #serve(): void {
    this.#server.on("request", (request, response) => {
      const headers = {
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "content-type",
        "content-type": "application/json",
      };
      if (request.method === "OPTIONS") {
        response.writeHead(204, headers).end();
        return;
      }
      const answer = async (): Promise<void> => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks).toString();
        const reply = await fetch(this.#target, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        response
          .writeHead(200, headers)
          .end(JSON.stringify(this.#altered(JSON.parse(body), await reply.json())));
      };
      answer().catch(() => response.destroy());
    });
  }

  #altered(request: unknown, reply: unknown): unknown {
    const { alter } = this;
    if (alter === undefined) return reply;
    const one = (asked: RpcRequest, answer: { result?: unknown }): unknown => ({
      ...answer,
      result: alter(asked, answer.result),
    });
    if (!Array.isArray(request)) return one(request as RpcRequest, reply as object);
    return request.map((asked: RpcRequest, i) => one(asked, (reply as object[])[i] ?? {}));
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}
