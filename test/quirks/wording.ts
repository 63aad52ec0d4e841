import type { RpcError } from "./quirkProxy.ts";

/** What an answer means, whoever words it. */
export type AnswerClass =
  /** The contract refused, with its own data. */
  | "reverted"
  /** The execution failed without data: nobody can tell whether the contract or the endpoint said so. */
  | "bareRevert"
  | "rateLimited"
  | "unavailable"
  /** The endpoint does not have the block, not yet. */
  | "behind"
  /** The endpoint no longer has the state or the history. */
  | "pruned"
  /** The answer would be too large or take too long: ask for less. */
  | "tooLarge"
  | "indexing"
  | "batchRefused"
  | "unsupported"
  | "unauthorised"
  // What is said of a transaction that is sent.
  | "alreadyKnown"
  | "nonceTooLow"
  | "nonceTooHigh"
  | "poolFull"
  | "underpriced"
  | "insufficientFunds"
  | "gasTooLow"
  | "gasTooHigh"
  | "rejected";

/** An answer as a client or gateway really gave it. */
export interface Wording {
  readonly client: string;
  readonly method: string;
  readonly expected: AnswerClass;
  /** Of JSON-RPC; none where the gateway gave another body. */
  readonly error?: RpcError;
  /** Of HTTP; 200 where it is absent. */
  readonly httpStatus?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body where it is not JSON-RPC. */
  readonly body?: string;
}

export type Answer = Omit<Wording, "client" | "method" | "expected">;

/** A hash as it stands in messages. */
export const HASH = `0x${"cd".repeat(32)}`;

/** Methods that most wordings belong to. */
export const CALL = "eth_call";
export const LOGS = "eth_getLogs";
export const RECEIPT = "eth_getTransactionReceipt";
export const SEND = "eth_sendRawTransaction";
export const BLOCK = "eth_getBlockByNumber";

/** An error of JSON-RPC. */
export const says = (code: number, message: string, data?: unknown): Answer => ({
  error: data === undefined ? { code, message } : { code, message, data },
});
/** A whole HTTP response that is no JSON-RPC. */
export const http = (
  httpStatus: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  httpStatus,
  body,
  headers,
});
/** The same with another HTTP status. */
export const at = (httpStatus: number, answer: Answer): Answer => ({ ...answer, httpStatus });
/** What one client says to one method. */
export const rows = (
  client: string,
  method: string,
  expected: AnswerClass,
  ...answers: Answer[]
): Wording[] => answers.map((answer) => ({ client, method, expected, ...answer }));
