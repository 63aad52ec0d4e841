import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { once } from "node:events";
import { CID } from "multiformats/cid";
import { InputError } from "@concordat/protocol/errors";
import type { BlockStorage } from "../blocks/blockStorage.ts";
import { unlessDamaged } from "../blocks/blockSource.ts";
import type { HostPort } from "@concordat/protocol/endpoints/endpoints";
import { RateLimiter } from "./rateLimit.ts";
import type { RateLimit } from "./rateLimit.ts";

/** A running gateway. */
export interface Gateway {
  /** Where it listens, with the port that it got. */
  readonly address: HostPort;
  close(): Promise<void>;
}

/**
 * Answers a POST of JSON at one path of the gateway, which nodes have for each other beside the blocks.
 * @returns what is sent back as JSON; undefined for a message that it does not understand.
 */
export interface MessageRoute {
  readonly path: string;
  answer(message: unknown): Promise<unknown>;
}

/** Answers all requests at certain addresses of the gateway, whatever their method, and reads their bodies itself. */
export interface RequestHandler {
  takes(url: string): boolean;
  /** Never throws: whatever happens, it answers or closes the connection. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Milliseconds that a request of it may take to arrive. */
  readonly longestMs: number;
}

/** How a gateway serves, besides blocks. */
export interface GatewayOptions {
  /** How often one client may ask; {@link DEFAULT_RATE} by default. */
  readonly rate?: RateLimit;
  /** What it answers besides blocks. */
  readonly routes?: readonly MessageRoute[];
  /** Who answers further requests, asked in this order. */
  readonly handlers?: readonly RequestHandler[];
  /** Told the bytes of each block that was sent. */
  readonly onSent?: (bytes: number) => void;
}

/** Generous enough for twenty nodes behind one address, each fetching a round of 7 MB models at once. */
export const DEFAULT_RATE: RateLimit = { perSecond: 1000, burst: 10_000 };

/** Eight each from the members of a large task: a connection that is refused sends its node to bitswap, which costs more. */
const MAX_CONNECTIONS = 512;
const MAX_MESSAGE_BYTES = 65_536;
/** Milliseconds that a request may take to arrive. */
const REQUEST_MS = 10_000;
const BLOCK_PATH = /^\/ipfs\/(b[a-z2-7]{58})$/;
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, HEAD, OPTIONS",
  "access-control-allow-headers": "accept",
  "cross-origin-resource-policy": "cross-origin",
};

/**
 * Serves the blocks that `storage` has as a trustless HTTP gateway (https://specs.ipfs.tech/http-gateways/trustless-gateway/):
 * GET and HEAD of /ipfs/CID?format=raw, for browsers too. What is not held is answered with 404 at once; nothing is
 * looked up elsewhere. Requests have no body, small headers, a time limit, and a rate for each client; only `routes` take
 * bodies, of at most 64 KiB, and `handlers`, by rules of their own.
 * @throws {InputError} when the address cannot be listened on.
 */
export async function serveGateway(
  storage: BlockStorage,
  listen: HostPort,
  { rate = DEFAULT_RATE, routes = [], handlers = [], onSent = () => undefined }: GatewayOptions = {},
): Promise<Gateway> {
  const limiter = new RateLimiter(rate);
  // The server's own limit is one for all requests: where some may take longer, messages are held to theirs below.
  const requestTimeout = Math.max(REQUEST_MS, ...handlers.map(({ longestMs }) => longestMs));
  const server = createServer(
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout, keepAliveTimeout: 5000 },
    (request, response) => {
      answer(storage, limiter, { routes, handlers, onSent }, request, response).catch((error: unknown) =>
        response.destroy(toError(error)),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = 30_000;
  server.listen(listen.port, listen.host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new InputError(
      `The gateway cannot listen on ${listen.host}:${listen.port}: ${toError(cause).message}`,
      {
        hint: "Choose a free port of this machine for the gateway",
        cause,
      },
    );
  }
  return { address: { host: listen.host, port: portOf(server) }, close: async () => close(server) };
}

async function answer(
  storage: BlockStorage,
  limiter: RateLimiter,
  { routes, handlers, onSent }: Pick<Required<GatewayOptions>, "routes" | "handlers" | "onSent">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refuse = (status: number, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { ...CORS, "content-length": "0", ...headers }).end();
  };
  if (!limiter.allows(request.socket.remoteAddress ?? "", Date.now()))
    return refuse(429, { "retry-after": "1" });
  const route = request.method === "POST" ? routes.find(({ path }) => path === request.url) : undefined;
  if (route !== undefined) return answerMessage(route, request, response, refuse);
  const handler = handlers.find((each) => each.takes(request.url ?? ""));
  if (handler !== undefined) return handler.handle(request, response);
  if (hasBody(request)) return refuse(413, { connection: "close" });
  if (request.method === "OPTIONS") return refuse(204);
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse(405, { allow: "GET, HEAD, OPTIONS" });
  const cid = requestedBlock(request);
  if (cid === undefined) return refuse(400);
  const bytes = await storage.read(cid).catch(unlessDamaged);
  if (bytes === undefined) return refuse(404);
  response.writeHead(200, {
    ...CORS,
    "content-type": "application/vnd.ipld.raw",
    "content-length": bytes.length,
    "content-disposition": `attachment; filename="${cid}.bin"`,
    "cache-control": "public, max-age=29030400, immutable",
    "x-content-type-options": "nosniff",
    etag: `"${cid}.raw"`,
  });
  if (request.method === "HEAD") response.end();
  else response.end(bytes, () => onSent(bytes.length));
}

async function answerMessage(
  route: MessageRoute,
  request: IncomingMessage,
  response: ServerResponse,
  refuse: (status: number, headers?: Record<string, string>) => void,
): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  const slow = setTimeout(() => request.destroy(), REQUEST_MS);
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length;
      if (size > MAX_MESSAGE_BYTES) return refuse(413, { connection: "close" });
      chunks.push(chunk as Buffer);
    }
  } finally {
    clearTimeout(slow);
  }
  let message: unknown;
  try {
    message = JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return refuse(400);
  }
  const answered = await route.answer(message);
  if (answered === undefined) return refuse(400);
  const body = Buffer.from(JSON.stringify(answered));
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The CID that is asked for raw, by query or by header; undefined for any other request. */
function requestedBlock(request: IncomingMessage): CID | undefined {
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const [, text] = BLOCK_PATH.exec(path) ?? [];
  const isRaw = query === "format=raw" || request.headers.accept === "application/vnd.ipld.raw";
  if (text === undefined || !isRaw) return undefined;
  try {
    return CID.parse(text);
  } catch {
    return undefined;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The gateway listens on no port");
  return address.port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

function toError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
