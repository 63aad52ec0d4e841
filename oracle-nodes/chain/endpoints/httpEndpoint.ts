import { readAnswer, type Endpoint, type EndpointAnswer } from "./endpoint.ts";
import { endpointName, safeDecode, secretRemover } from "./endpointName.ts";

/** Milliseconds for one answer. */
const REQUEST_TIMEOUT_MS = 20_000;
/** Bytes of one answer at most: what is longer is not taken into memory. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
/** Longest pause that an endpoint may ask for, in milliseconds. */
const MAX_RETRY_AFTER_MS = 60_000;

/** An endpoint over HTTP, one request at a time each: batches are refused by many. */
export function httpEndpoint(url: string, maxBytes = MAX_ANSWER_BYTES): Endpoint {
  const clean = secretRemover(url);
  const { username, password } = new URL(url);
  const target = new URL(url);
  target.username = "";
  target.password = "";
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (username !== "" || password !== "") {
    headers["authorization"] =
      `Basic ${Buffer.from(`${safeDecode(username)}:${safeDecode(password)}`).toString("base64")}`;
  }
  const closing = new AbortController();
  let id = 0;
  return {
    name: endpointName(url),
    ask: async (method, params, signal) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params });
      const either = AbortSignal.any([signal, closing.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
      try {
        const response = await fetch(target, {
          method: "POST",
          headers,
          body,
          signal: either,
          redirect: "error",
        });
        const text = await boundedText(response, maxBytes);
        if (text === undefined) {
          const message = `its answer is too large: more than ${maxBytes} bytes`;
          return { kind: "refused", refused: { method, httpStatus: 413, message } };
        }
        return read(method, response.status, text, response.headers.get("retry-after"), clean);
      } catch (error) {
        signal.throwIfAborted();
        return { kind: "silent", reason: reasonOf(error) };
      }
    },
    close: () => closing.abort(new Error("The endpoint was closed")),
  };
}

/** The body of a response; undefined where it is too long, which is not read to its end then. */
async function boundedText(response: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function read(
  method: string,
  status: number,
  text: string,
  retryAfter: string | null,
  clean: (text: string) => string,
): EndpointAnswer {
  const seconds = Number(retryAfter ?? Number.NaN);
  const retryAfterMs = seconds > 0 ? Math.min(MAX_RETRY_AFTER_MS, seconds * 1000) : undefined;
  const answer = readAnswer(method, parse(text), clean, status);
  if (answer.kind === "result" && status < 400) return answer;
  if (answer.kind === "refused") return { ...answer, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  // What else an endpoint sends beside a status is a page for people, and may repeat the key.
  if (status < 300)
    return answer.kind === "silent" ? answer : { kind: "silent", reason: "its answer was not JSON-RPC" };
  const refused = { method, httpStatus: status, message: `HTTP status ${status}` };
  return { kind: "refused", refused, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The innermost reason of a failed request, e.g. "connect ECONNREFUSED 127.0.0.1:8545": the system's words, no address of ours. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "the request failed";
  if (error.name === "TimeoutError") return `no answer within ${REQUEST_TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code !== "") return code;
  return error.message === "fetch failed" ? "the connection failed" : error.name;
}
