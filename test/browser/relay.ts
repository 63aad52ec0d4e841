import { createHash } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

/** A sealed message that waits for a topic's other subscribers. */
interface Letter {
  readonly topic: string;
  readonly message: string;
  readonly tag: number;
  readonly publishedAt: number;
  /** Client that published it; it is not sent back there. */
  readonly author: string;
  /** Clients that have it. */
  readonly receivers: Set<string>;
}

interface Request {
  readonly id: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

/** One socket, and the client that its token names: a page keeps its name over reloads. */
interface Line {
  readonly socket: WebSocket;
  readonly client: string;
  readonly topics: Set<string>;
}

/**
 * A relay as WalletConnect's specification describes it (specs.walletconnect.com/2.0/specs/servers/relay), with the two calls
 * by which later clients propose and approve sessions: it carries sealed messages between the subscribers of a topic.
 */
export class Relay {
  /** What its clients sent, as it came, with the project that they named. */
  readonly frames: { readonly project: string; readonly text: string }[] = [];
  /** Whether it refuses whoever comes, as a machine that is not there. */
  #isAway = false;
  readonly #port: number;
  readonly #lines = new Set<Line>();
  #letters: Letter[] = [];
  readonly #server: WebSocketServer;
  #nextId = 1;

  private constructor(server: WebSocketServer, port: number) {
    this.#server = server;
    this.#port = port;
    // Before the handshake, so that a client finds nobody there.
    server.options.verifyClient = () => !this.#isAway;
    this.#serve(server);
  }

  static async open(): Promise<Relay> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return new Relay(server, (server.address() as AddressInfo).port);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  leave(): void {
    this.#isAway = true;
    for (const { socket } of this.#lines) socket.terminate();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  async close(): Promise<void> {
    this.leave();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #serve(server: WebSocketServer): void {
    server.on("connection", (socket, { url = "" }) => {
      const { searchParams } = new URL(url, this.url);
      const project = searchParams.get("projectId") ?? "";
      const line: Line = { socket, client: issuer(searchParams.get("auth") ?? ""), topics: new Set() };
      this.#lines.add(line);
      socket.on("close", () => this.#lines.delete(line));
      socket.on("message", (data: Buffer) => {
        const text = data.toString("utf8");
        this.frames.push({ project, text });
        const request = JSON.parse(text) as Request;
        // Without a method it acknowledges what was pushed.
        if (request.method === undefined) return;
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: request.id, ...this.#answer(line, request) }));
        this.#deliver();
      });
    });
  }

  #answer(line: Line, { method, params = {} }: Request): { result: unknown } | { error: unknown } {
    const { topic, topics, pairingTopic, sessionTopic } = params as Record<string, string> & {
      topics: string[];
    };
    const post = (to: string | undefined, message: unknown, tag: number): void => {
      this.#letters.push({
        topic: to ?? "",
        message: String(message),
        tag,
        publishedAt: Date.now(),
        author: line.client,
        receivers: new Set(),
      });
    };
    switch (method) {
      case "irn_publish":
        post(topic, params["message"], Number(params["tag"]));
        return { result: true };
      case "irn_subscribe":
        return { result: this.#subscribe(line, topic ?? "") };
      case "irn_batchSubscribe":
        return { result: topics.map((each) => this.#subscribe(line, each)) };
      case "irn_unsubscribe":
        line.topics.delete(topic ?? "");
        return { result: true };
      case "irn_fetchMessages":
        return { result: { messages: this.#fetch(line, [topic ?? ""]), hasMore: false } };
      case "irn_batchFetchMessages":
        return { result: { messages: this.#fetch(line, topics), hasMore: false } };
      case "wc_proposeSession":
        this.#subscribe(line, pairingTopic ?? "");
        post(pairingTopic, params["sessionProposal"], 1100);
        return { result: true };
      case "wc_approveSession":
        this.#subscribe(line, sessionTopic ?? "");
        post(pairingTopic, params["sessionProposalResponse"], 1101);
        post(sessionTopic, params["sessionSettlementRequest"], 1102);
        return { result: true };
      default:
        return { error: { code: -32_601, message: `This relay does not know ${method}` } };
    }
  }

  #subscribe(line: Line, topic: string): string {
    line.topics.add(topic);
    return createHash("sha256")
      .update(topic + line.client)
      .digest("hex");
  }

  #fetch(line: Line, topics: readonly string[]): unknown[] {
    return this.#letters
      .filter((letter) => topics.includes(letter.topic) && isFor(letter, line))
      .map((letter) => {
        letter.receivers.add(line.client);
        const { topic, message, tag, publishedAt } = letter;
        return { topic, message, tag, publishedAt };
      });
  }

  #deliver(): void {
    for (const line of this.#lines) {
      for (const topic of line.topics) {
        const id = this.#subscribe(line, topic);
        for (const data of this.#fetch(line, [topic])) {
          const push = {
            jsonrpc: "2.0",
            id: this.#nextId++,
            method: "irn_subscription",
            params: { id, data },
          };
          line.socket.send(JSON.stringify(push));
        }
      }
    }
  }
}

function isFor({ author, receivers }: Letter, { client }: Line): boolean {
  return author !== client && !receivers.has(client);
}

/** The client's name in its token, a JWT. */
function issuer(token: string): string {
  const [, payload = ""] = token.split(".");
  return (JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as { iss: string }).iss;
}
