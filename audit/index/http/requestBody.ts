import type { IncomingMessage } from "node:http";
import { RequestError } from "./requestError.ts";

/** Bytes of a question at most. */
const MAX_BODY_BYTES = 65_536;

/** The body of a request as text. @throws {RequestError} beyond 64 KiB, or when it is no UTF-8. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new RequestError(413, `A question may have at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new RequestError(400, "The question is not UTF-8");
  }
}
