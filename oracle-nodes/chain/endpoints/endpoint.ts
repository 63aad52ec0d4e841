import type { RefusedAnswer } from "./classifyAnswer.ts";

/** One answer to one question, without any trying again. */
export type EndpointAnswer =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "refused"; readonly refused: RefusedAnswer; readonly retryAfterMs?: number }
  /** It could not be heard: nothing is known of whether it acted. */
  | { readonly kind: "silent"; readonly reason: string };

/** A way to one JSON-RPC endpoint. Its answers never hold its address's secrets. */
export interface Endpoint {
  /** What may be printed of it. */
  readonly name: string;
  /** Asks once. Rejects by the signal alone. */
  ask(method: string, params: readonly unknown[], signal: AbortSignal): Promise<EndpointAnswer>;
  /** Calls for every new head that the endpoint announces; undefined where it announces none. */
  readonly onHead?: (listener: () => void) => void;
  close(): void;
}

/** Reads the JSON-RPC answer in `body`. @param clean Takes secrets out of the endpoint's words. */
export function readAnswer(
  method: string,
  body: unknown,
  clean: (text: string) => string,
  httpStatus = 200,
): EndpointAnswer {
  if (typeof body !== "object" || body === null)
    return { kind: "silent", reason: "its answer was not JSON-RPC" };
  if ("error" in body && typeof body.error === "object" && body.error !== null) {
    const { code, message, data } = body.error as { code?: unknown; message?: unknown; data?: unknown };
    // Some put the reason into data, as a text.
    const words = [message, typeof data === "string" && !data.startsWith("0x") ? data : ""].filter(Boolean);
    return {
      kind: "refused",
      refused: {
        method,
        httpStatus,
        message: clean(words.join(": ")),
        data,
        ...(Number.isInteger(code) && { code: Number(code) }),
      },
    };
  }
  if ("error" in body && typeof body.error === "string") {
    return { kind: "refused", refused: { method, httpStatus, message: clean(body.error) } };
  }
  if ("result" in body) return { kind: "result", result: body.result };
  return { kind: "silent", reason: "its answer was not JSON-RPC" };
}
