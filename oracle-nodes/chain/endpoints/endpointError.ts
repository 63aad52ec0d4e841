import type { AnswerClass } from "./classifyAnswer.ts";
import { printable } from "@concordat/protocol/words/printable";
import { ChainError } from "../contracts/chainError.ts";

/** Why an endpoint's answer cannot be used; "incompleteLogs": fewer logs than the contracts count events. */
export type EndpointFault = Exclude<AnswerClass, "reverted"> | "incompleteLogs" | "wrongChain";

const WORDS: Readonly<Record<EndpointFault, string>> = {
  bareRevert: "says that the call reverted, but not why",
  unreachable: "does not answer",
  rateLimited: "limits the rate of requests",
  unavailable: "is not working at the moment",
  behind: "does not have the block yet",
  pruned: "has forgotten the state of the block",
  tooLarge: "does not answer for that many blocks at once",
  indexing: "is still indexing",
  batchRefused: "refuses batches",
  unauthorised: "refuses access",
  unsupported: "does not know the request",
  alreadyKnown: "already knows the transaction",
  nonceTooLow: "says that the nonce was used",
  nonceTooHigh: "is waiting for earlier transactions from the account",
  underpriced: "asks for a higher fee",
  poolFull: "has no room for more transactions",
  insufficientFunds: "says that the account cannot pay",
  gasTooLow: "says that the gas limit is too low",
  gasTooHigh: "says that the gas limit is too high",
  rejected: "rejects the transaction",
  unclear: "refuses",
  incompleteLogs: "does not give all logs",
  wrongChain: "serves another chain",
};

/** Characters of an endpoint's own words that are shown. */
const MAX_WORDS = 200;

/** The fault in words that go on after the endpoint's name, e.g. "limits the rate of requests". */
export function faultWords(fault: EndpointFault): string {
  return WORDS[fault];
}

/**
 * An endpoint could not be used for longer than its caller waits. It says nothing about what was asked. No text of it holds
 * more of the endpoint's address than scheme and host.
 */
export class EndpointError extends ChainError {
  /** Its printable name. */
  readonly endpoint: string;
  readonly fault: EndpointFault;
  readonly method: string;

  /** @param detail The endpoint's own words, without secrets. */
  constructor(endpoint: string, fault: EndpointFault, detail = "", method = "") {
    const about = method === "" ? "" : ` (${method})`;
    const words = detail === "" ? "" : `: ${printable(detail.replaceAll(/\s+/g, " "), MAX_WORDS)}`;
    super(`The chain's endpoint ${endpoint} ${WORDS[fault]}${about}${words}`);
    this.endpoint = endpoint;
    this.fault = fault;
    this.method = method;
  }
}

/** Whether an error is an endpoint's, with this fault if one is given. */
export function isEndpointFault(error: unknown, ...faults: readonly EndpointFault[]): error is EndpointError {
  return error instanceof EndpointError && (faults.length === 0 || faults.includes(error.fault));
}
