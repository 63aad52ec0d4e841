import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { GRANT_HEADER, type UploadRefusal } from "@concordat/protocol/messages/uploads";

/** The status with which each refusal is answered. */
export const STATUS: Readonly<Record<UploadRefusal, number>> = {
  starting: 503,
  origin: 403,
  rate: 429,
  grant: 401,
  account: 403,
  node: 403,
  expired: 401,
  file: 400,
  length: 411,
  "too-large": 413,
  signature: 401,
  chain: 503,
  busy: 429,
  quota: 413,
  disk: 507,
  slow: 408,
  content: 422,
  failed: 500,
};
/** Seconds after which it may be tried again, where that is of use. */
const RETRY_SECONDS: Partial<Record<UploadRefusal, number>> = { starting: 2, rate: 5, chain: 5, busy: 2 };
/** Milliseconds that a sender who is refused may go on sending, since most read no answer before they are through. */
const LINGER_MS = 2000;

/** Headers for a page of an origin that may read the answer, and send what this route takes. */
export function corsHeaders(origin: string | undefined): Record<string, string> {
  if (origin === undefined) return { vary: "origin" };
  return {
    vary: "origin",
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "GET, PUT, OPTIONS",
    "access-control-allow-headers": `content-type, ${GRANT_HEADER}`,
    "access-control-expose-headers": "retry-after",
    "access-control-max-age": "600",
  };
}

/** Answers in JSON. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string>,
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { ...headers, ...jsonHeaders(text) }).end(text);
}

/**
 * Refuses, and closes the connection, since a part of the body may be unread. The answer is sent at once; then what still
 * comes is dropped for a moment, because closing on a sender would take the answer from it.
 */
export async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  reason: UploadRefusal,
  headers: Record<string, string>,
): Promise<void> {
  if (response.destroyed || response.headersSent) return;
  const seconds = RETRY_SECONDS[reason];
  const text = JSON.stringify({ refused: reason });
  response.writeHead(STATUS[reason], {
    ...headers,
    ...jsonHeaders(text),
    ...(seconds !== undefined && { "retry-after": String(seconds) }),
    connection: "close",
  });
  response.write(text);
  if (!request.complete) {
    const over = AbortSignal.timeout(LINGER_MS);
    request.resume();
    await Promise.race([
      once(request, "end", { signal: over }),
      once(request, "close", { signal: over }),
    ]).catch(() => undefined);
  }
  response.end();
}

function jsonHeaders(text: string): Record<string, string> {
  return {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
}
