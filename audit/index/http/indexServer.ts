import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { IndexCopies } from "../indexCopies.ts";
import type { IndexedChain } from "../indexedChain.ts";
import { IndexReader } from "../indexReader.ts";
import { ADDRESS_QUESTION, EXAMPLE_QUESTIONS } from "../questions.ts";
import { DEFAULT_SQL_LIMITS, SqlBusyError, SqlPool, SqlRefusedError } from "../sql/sqlPool.ts";
import type { SqlLimits } from "../sql/sqlPool.ts";
import { formatPosition, parseBlockRange, parseEventFilter } from "./eventFilter.ts";
import { RequestError } from "./requestError.ts";
import { readQuestion } from "./sqlQuestion.ts";
import { readStaticFiles } from "./staticFiles.ts";
import type { StaticFile } from "./staticFiles.ts";

/** How the index stands to its chain. */
export interface Following {
  /** Newest block of the chain that was seen, undefined before the first. */
  readonly head: number | undefined;
  /** Whether the chain's endpoint answered when it was last asked. */
  readonly isAnswering: boolean;
  /** Which events are missing that the contracts count, in words; undefined where none is known to be. */
  readonly missing?: string;
}

export interface IndexServerOptions {
  readonly file: string;
  readonly chain: IndexedChain;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Pages of these origins may read answers; undefined: all may. */
  readonly origins?: readonly string[];
  readonly limits?: SqlLimits;
  /** Seconds in which a request must have arrived. */
  readonly requestSeconds?: number;
  /** Bytes of answers that are held for all clients together. */
  readonly heldBytes?: number;
  readonly following: () => Following;
}

/** A server that listens. */
export interface IndexServer {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 256;
/** Milliseconds in which a client must have taken an answer (a download of the database only has to go on). */
const ANSWER_MS = 60_000;
const IDLE_MS = 30_000;
const HELD_BYTES = 256 * 2 ** 20;
/** Logs of one answer, beside what else their last block has. */
const LOGS = 4000;
/** Bytes from which an answer is worth compressing. */
const COMPRESSED_FROM = 1024;

/** An answer that is held in memory. */
interface Answer {
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What answers need. */
interface Context {
  readonly options: IndexServerOptions;
  readonly reader: IndexReader;
  readonly pool: SqlPool;
  readonly copies: IndexCopies;
  readonly files: ReadonlyMap<string, StaticFile>;
  /** Bytes of each answer that is not taken yet. */
  readonly held: Map<ServerResponse, number>;
}

const JSON_TYPE = "application/json; charset=utf-8";
const METHODS = "GET, HEAD, POST, OPTIONS";

/**
 * Serves an index for reading: a page for people, and /sql, /schema, /status, /events, /logs, /index.sqlite for programs. There is
 * no path but these; nothing that is sent can change the index.
 * @throws {InputError} when the address cannot be listened on.
 */
export async function serveIndex(options: IndexServerOptions): Promise<IndexServer> {
  const { file, host, port, requestSeconds = 10 } = options;
  const context: Context = {
    options,
    reader: new IndexReader(file),
    pool: new SqlPool(file, options.limits),
    copies: new IndexCopies(file),
    files: readStaticFiles(),
    held: new Map(),
  };
  const requestMs = requestSeconds * 1000;
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: Math.min(1000, requestMs / 2),
    },
    (request, response) => {
      void respond(context, request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_MS;
  const release = async (): Promise<void> => {
    await context.pool.close();
    await context.copies.close();
    context.reader.close();
  };
  try {
    const listening = once(server, "listening");
    server.listen(port, host);
    await listening;
  } catch (cause) {
    await release();
    throw new InputError(`The index cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
      hint: "Choose a free port of this machine with --listen",
      cause,
    });
  }
  return {
    url: urlOf(server),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await release();
    },
  };
}

async function respond(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(commonHeaders(context.options.origins, request)))
    response.setHeader(name, value);
  try {
    await route(context, request, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else refuse(response, error);
  }
}

async function route(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "" } = request;
  const [path = "/", search = ""] = (request.url ?? "/").split("?", 2);
  if (method === "OPTIONS") {
    response.writeHead(204, { allow: METHODS }).end();
    return;
  }
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead && !(method === "POST" && path === "/sql")) {
    throw new RequestError(405, `${path.slice(0, 80)} does not take ${method}`);
  }
  const query = new URLSearchParams(search);
  if (path === "/index.sqlite") return sendCopy(context, request, response);
  const answer = await answerTo(path, context, request, query);
  const { type, body, headers = {} } = answer;
  const plain = Buffer.from(body);
  hold(context, response, plain.length);
  const isCompressed = plain.length >= COMPRESSED_FROM && takesGzip(request);
  const bytes = isCompressed ? await promisify(gzip)(plain) : plain;
  response.writeHead(200, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
    ...(isCompressed && { "content-encoding": "gzip" }),
    ...headers,
  });
  response.end(method === "HEAD" ? undefined : bytes);
}

/**
 * Counts an answer until it was taken, or the time for that is over.
 * @throws {RequestError} when the clients together hold too much.
 */
function hold({ held, options }: Context, response: ServerResponse, bytes: number): void {
  if (response.destroyed) return;
  const { heldBytes = HELD_BYTES } = options;
  const others = [...held.values()].reduce((sum, each) => sum + each, 0);
  if (others + bytes > heldBytes) {
    throw new RequestError(503, "Too many answers are in progress", "Ask again in a few seconds");
  }
  held.set(response, bytes);
  const deadline = setTimeout(() => {
    held.delete(response);
    response.destroy();
  }, ANSWER_MS);
  response.once("close", () => {
    held.delete(response);
    clearTimeout(deadline);
  });
}

async function answerTo(
  path: string,
  context: Context,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<Answer> {
  const { reader, files } = context;
  switch (path) {
    case "/status":
      return json(status(context));
    case "/schema":
      return json({
        relations: reader.schema(),
        questions: EXAMPLE_QUESTIONS,
        addressQuestion: ADDRESS_QUESTION,
      });
    case "/events":
      return json(events(context, query));
    case "/logs":
      return json(logs(context, query));
    case "/sql":
      return answerQuestion(context, request, query);
    default: {
      const file = files.get(path);
      if (file === undefined) {
        throw new RequestError(404, "There is nothing here", "See / for what is here");
      }
      return { type: file.type, body: file.body, headers: file.headers };
    }
  }
}

async function answerQuestion(
  { pool }: Context,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<Answer> {
  const question = await readQuestion(request, query);
  const { body, isTruncated } = await pool.answer(request.socket.remoteAddress ?? "", question);
  const isCsv = question.format === "csv";
  return {
    type: isCsv ? "text/csv; charset=utf-8" : JSON_TYPE,
    body,
    headers: {
      "x-truncated": String(isTruncated),
      ...(isCsv && { "content-disposition": 'attachment; filename="answer.csv"' }),
    },
  };
}

function status({ options, reader }: Context): unknown {
  const { chain, following, limits = DEFAULT_SQL_LIMITS } = options;
  const { head, isAnswering, missing } = following();
  const { tip } = reader;
  return {
    format: "concordat/index-status/1",
    chainId: chain.chainId,
    deploymentBlock: chain.deploymentBlock,
    contracts: chain.contracts,
    transactions: chain.hasAllTransactions === true ? "all" : "with events",
    block: tip?.number ?? null,
    hash: tip?.hash ?? null,
    timestamp: tip?.timestamp ?? null,
    head: head ?? null,
    behind: head === undefined ? null : Math.max(0, head - (tip?.number ?? chain.deploymentBlock - 1)),
    endpointAnswers: isAnswering,
    missing: missing ?? null,
    limits,
  };
}

function events({ options, reader }: Context, query: URLSearchParams): unknown {
  const page = reader.events(parseEventFilter(query));
  const last = page.events.at(-1);
  return {
    chainId: options.chain.chainId,
    block: page.tip?.number ?? null,
    hash: page.tip?.hash ?? null,
    head: options.following().head ?? null,
    events: page.events,
    next: page.hasMore && last !== undefined ? formatPosition(last) : null,
  };
}

/** Logs for a page that decodes and checks them itself: `to` is one less than `from` where there is nothing yet. */
function logs({ options, reader }: Context, query: URLSearchParams): unknown {
  const { chainId, deploymentBlock, contracts } = options.chain;
  const { from, to } = parseBlockRange(query);
  const page = reader.logs(from, to, LOGS) ?? { to: from - 1, toHash: null, logs: [] };
  return { format: "concordat/index-logs/1", chainId, deploymentBlock, contracts, from, ...page };
}

function takesGzip({ headers }: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(String(headers["accept-encoding"] ?? ""));
}

/** Sends the whole database, as it was a few seconds ago at most. */
async function sendCopy(
  { copies }: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const copy = await copies.open();
  try {
    const { size } = await copy.stat();
    response.writeHead(200, {
      "content-type": "application/vnd.sqlite3",
      "content-length": size,
      "content-disposition": 'attachment; filename="index.sqlite"',
      "cache-control": "no-store",
    });
    if (request.method === "HEAD") response.end();
    else await pipeline(copy.createReadStream({ autoClose: false }), response);
  } finally {
    await copy.close();
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  const code = statusOf(error);
  const { message, hint } =
    error instanceof ConcordatError && code !== 500
      ? error
      : { message: "The index cannot answer right now", hint: undefined };
  const body = Buffer.from(`${JSON.stringify({ error: message, ...(hint !== undefined && { hint }) })}\n`);
  response.writeHead(code, {
    "content-type": JSON_TYPE,
    "content-length": body.length,
    "cache-control": "no-store",
    ...(code === 405 && { allow: METHODS }),
    ...(code === 413 && { connection: "close" }),
    ...(code === 503 && { "retry-after": "2" }),
  });
  response.end(body);
}

/** The HTTP status of an error; 500 for what is our own fault, whose text is nobody's business. */
function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  if (error instanceof SqlRefusedError) return 400;
  return error instanceof SqlBusyError ? 503 : 500;
}

/** Headers of every answer: pages of allowed origins may read it, without credentials; nobody may embed or reinterpret it. */
function commonHeaders(
  origins: readonly string[] | undefined,
  request: IncomingMessage,
): Readonly<Record<string, string>> {
  const { origin } = request.headers;
  const allowed = origins === undefined ? "*" : origins.find((known) => known === origin);
  return {
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "cross-origin",
    vary: origins === undefined ? "accept-encoding" : "accept-encoding, origin",
    ...(allowed !== undefined && {
      "access-control-allow-origin": allowed,
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": "content-type",
      "access-control-expose-headers": "x-truncated",
      "access-control-max-age": "86400",
    }),
  };
}

function json(value: unknown): Answer {
  return { type: JSON_TYPE, body: `${JSON.stringify(value)}\n` };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The index listens on no port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
