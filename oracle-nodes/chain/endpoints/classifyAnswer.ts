/**
 * What an answer of an endpoint means. The first two are about a contract, those from "alreadyKnown" on about a transaction
 * that was offered; all others are the endpoint's own trouble and say nothing about what was asked.
 */
export type AnswerClass =
  /** A contract refused, and its own data say why. */
  | "reverted"
  /** The endpoint says that a call reverted, without the data that would prove it. */
  | "bareRevert"
  /** It could not be reached, broke off, or answered something that is no JSON-RPC. */
  | "unreachable"
  | "rateLimited"
  /** It is there, but does not work now: 5xx, overload, internal errors. */
  | "unavailable"
  /** Its backend does not have the block (yet). */
  | "behind"
  /** Its backend has forgotten the state. */
  | "pruned"
  /** It does not answer for so many blocks or logs at once. */
  | "tooLarge"
  | "indexing"
  | "batchRefused"
  | "unauthorised"
  /** It does not have this method, or not with these parameters. */
  | "unsupported"
  | "alreadyKnown"
  | "nonceTooLow"
  | "nonceTooHigh"
  | "underpriced"
  | "poolFull"
  | "insufficientFunds"
  | "gasTooLow"
  | "gasTooHigh"
  /** The transaction is malformed or forbidden: offered again as it is, it is refused again. */
  | "rejected"
  /** Words that nobody has seen before. */
  | "unclear";

/** What an endpoint answered instead of a result. */
export interface RefusedAnswer {
  readonly method: string;
  readonly httpStatus?: number;
  /** JSON-RPC error code. */
  readonly code?: number;
  readonly message: string;
  readonly data?: unknown;
}

type Row = readonly [AnswerClass, RegExp];

/** What pools say of a transaction that is offered. */
const SENDING: readonly Row[] = [
  [
    "alreadyKnown",
    /already ?known|known transaction|already (been )?imported|already (exists )?in (the )?(mem|tx)?pool|already (submitted|pending)|already exists in cache|ALREADY_EXISTS|same hash|duplicate transaction/i,
  ],
  ["nonceTooHigh", /nonce too high|nonce ?gap|nonce.{0,40}(too far|in the future|too large)|future nonce/i],
  [
    "nonceTooLow",
    /nonce.{0,20}too (low|old)|old ?nonce|(nonce|ownnonce).{0,40}(already ?(been )?used|expired|stale|less than|lower than|below)|invalid (transaction )?nonce|bad nonce|incorrect nonce|correct nonce/i,
  ],
  [
    "insufficientFunds",
    /insufficient (\w+ )?(funds|balance)|insufficient ?funds|(enough|sufficient) (funds|balance)|upfront cost exceeds|overdraft|overshot|balance.{0,20}too low/i,
  ],
  [
    "underpriced",
    /underpriced|under-?priced|(gas ?price|fee|tip|priority)\w*.{0,30}(too low|below|less than|lower than|not enough|minimum)|fee ?too ?low|lower than the minimum|less than (the )?(block )?base ?fee|too low for the next block|replacement.{0,20}(not allowed|rejected)|replacementnotallowed|max fee per gas less|increasing the fee/i,
  ],
  [
    "poolFull",
    /(pool|queue|mempool) (is )?(full|limit)|too many (pending )?transactions|account.{0,20}limit exceeded|future transaction tries to replace/i,
  ],
  ["gasTooLow", /intrinsic gas|gas (limit )?(is )?too low|below.{0,20}intrinsic|floor data gas/i],
  [
    "gasTooHigh",
    /exceeds.{0,40}gas (limit|cap)|gas.{0,20}limit.{0,20}(too high|exceed)|gas ?limit ?exceeded|gas limit.{0,30}(cap|maximum)|gas is beyond limit/i,
  ],
  [
    "rejected",
    /invalid (sender|signature|chain ?id|transaction v|raw transaction|rlp)|replay.?protected|(transaction )?type (not supported|unsupported)|unsupported (transaction )?type|oversized|exceeds (the )?max(imum)? (tx |transaction )?size|rlp:|blacklist|sanction|eoa|failed to decode|could not decode|wrong chain|fee.{0,30}exceeds the configured cap|fee cap exceeded|not authori[sz]ed to send|not permitted|permission ?denied|\bfiltered\b/i,
  ],
];

/** What endpoints say of calls that revert, with or without the data. */
const REVERTS =
  /execution reverted|vm execution error|transaction reverted|reverted (with|without|by)|always reverts|vm exception|^reverted\b|revert opcode|invalid opcode|out of gas|gas required exceeds|(execution|processing).{0,40}due to an exception/i;

/** What endpoints say of themselves, in the order in which words are most telling. */
const TROUBLE: readonly Row[] = [
  ["batchRefused", /batch/i],
  [
    "indexing",
    /initial sync is|ancient block sync|index(ing|er)?\b.{0,60}(in progress|not (yet )?(ready|available|finished)|syncing)|still (being )?index/i,
  ],
  [
    "pruned",
    /missing trie node|trie node|state (is |data )?(not|un)(\s)?available|no state (available|found)|historical (state|data|trie)|state histor|world state|prun(ed|ing)|archive|old (data|state) not|history (has )?(been )?(expired|unavailable)|distance to target block|state.{0,30}(missing|not found|expired)|required historical|state recovery|not available for from block|history is available from|data before .{0,40}not available|disabled ancient block/i,
  ],
  [
    "behind",
    /header (for hash )?not found|one of the blocks specified in filter|(unknown|future) block|block.{0,80}(not (yet )?(found|available|imported|known)|is not available|does ?n.t exist|does not exist|out of range|too high|is in the future|higher than|greater than|beyond)|beyond (the )?(current |latest )?(head|block)|blockoutofrange|could not find block|cannot find block|not find (the )?block|invalid block tag|unfinalized data|after last accepted|no such block|(node|peer|client|backend) (is )?(still )?(behind|not synced|syncing|out of sync)|incorrect head block|resource ?not ?found|cannot query|latest block number is/i,
  ],
];

/** Words about how many blocks one question may cover, whatever else is said. */
const RANGE =
  /block range (too high|is too)|(up to|maximum|at most|limited? to|exceeds?).{0,40}\bblocks?\b|blocks? (range|distance)\b.{0,30}(limit|exceed|too|max)|maximum \[from, to\]|number of requested blocks|response size/i;

const TOO_LARGE =
  /returned more than|(query|response|result|log|range|payload|blocks?|answer)\w*.{0,60}(too (large|big|many|wide|long)|exceed|larger than|limit(ed)? (of|to|is))|too (many|large|big|wide)|exceed(s|ed)?.{0,60}(range|result|response|logs|blocks|size)|block range|range.{0,40}(max|limit|than|allowed|too)|up to (a |an )?[\d,.]+ ?(k )?(block|result|log)|limited to.{0,20}[\d,.]+|(query|request|execution|read).{0,20}time(d)? ?-?out|max(imum)? (of )?[\d,.]+.{0,20}(blocks?|logs|results)|narrow|specify less|context deadline exceeded|out of resources|backend response too large/i;

const RATE_LIMITED =
  /rate.{0,12}limit|limit.{0,12}(exceeded|reached)|too many (requests|connections|concurrent)|request count|exceeded.{0,40}(quota|capacity|credits?|compute|limit|throughput|allowance|requests)|quota|compute units|throughput|over capacity|capacity limit|throttl|slow down|requests per (second|minute|day)|credits/i;

const UNAUTHORISED =
  /unauthori[sz]ed|forbidden|(invalid|missing|unknown|wrong|no|expired|disabled).{0,20}(api|access|project|app|auth)\w*.{0,6}(key|token|id)|must be authenticated|authenticat|access denied|project (id|does not exist)|api key|not allowed to access|payment required/i;

const UNSUPPORTED =
  /(method|api|namespace|rpc).{0,60}(not (found|supported|available|exist|allowed|whitelisted|implemented|enabled)|does not exist|disabled|unknown|unsupported)|unsupported method|unknown method|not implemented|no such method|trailing characters|(invalid|too many|unexpected|extra) (params|arguments|parameters|argument)|unable to parse|failed to parse|missing value for required argument/i;

const UNAVAILABLE =
  /cannot fulfill request|no backend|at capacity|too busy|execution aborted|temporarily|try again later|internal (server )?error|overloaded|upstream|bad gateway|maintenance/i;

/** Codes of JSON-RPC and EIP-1474, where the words say nothing. */
const CODES: Readonly<Record<number, AnswerClass>> = {
  [-32601]: "unsupported",
  [-32602]: "unsupported",
  [-32004]: "unsupported",
  [-32005]: "rateLimited",
  [-32029]: "rateLimited",
  [-32001]: "behind",
  [-32002]: "unavailable",
  [-32003]: "rejected",
  [-32603]: "unavailable",
  [429]: "rateLimited",
  [4444]: "pruned",
};

/**
 * Sorts what an endpoint answered instead of a result. Only a contract's own data make an answer the contract's; texts differ by
 * client and gateway, test/quirks/wordings.ts has those that were seen.
 */
export function classifyAnswer(answer: RefusedAnswer): AnswerClass {
  const { method, httpStatus = 200, code, message } = answer;
  if (revertDataOf(answer) !== undefined) return "reverted";
  const isCall = method === "eth_call" || method === "eth_estimateGas";
  if (isCall && (code === 3 || REVERTS.test(message))) return "bareRevert";
  const sending = SENDING.find(([, words]) => words.test(message))?.[0];
  if (method === "eth_sendRawTransaction" && sending !== undefined && httpStatus < 500) return sending;
  if (isCall && (sending === "insufficientFunds" || sending === "gasTooLow" || sending === "gasTooHigh"))
    return sending;
  const isQuery = method === "eth_getLogs";
  if (httpStatus === 413 || (isQuery && RANGE.test(message))) return "tooLarge";
  const trouble = TROUBLE.find(([, words]) => words.test(message))?.[0];
  if (trouble !== undefined) return trouble;
  if (isQuery && TOO_LARGE.test(message) && !isPaced(message)) return "tooLarge";
  if (httpStatus === 429 || RATE_LIMITED.test(message)) return "rateLimited";
  if ([401, 402, 403].includes(httpStatus) || UNAUTHORISED.test(message)) return "unauthorised";
  if (UNSUPPORTED.test(message)) return isQuery && code === -32602 ? "tooLarge" : "unsupported";
  if (httpStatus >= 500 || UNAVAILABLE.test(message)) return "unavailable";
  return (code === undefined ? undefined : CODES[code]) ?? (httpStatus >= 400 ? "unavailable" : "unclear");
}

/** Whether a limit is one of requests in a time, not of one answer. */
function isPaced(message: string): boolean {
  return /rate|requests|per (second|minute|day|month)|quota|credits|compute|throughput|capacity/i.test(
    message,
  );
}

/**
 * The bytes with which a contract refused a call: a selector at least. Geth, Erigon, Besu, Reth and Hardhat give them as
 * `data`, Parity's heirs after the word "Reverted", Ganache and some gateways nest them.
 */
export function revertDataOf({ message, data }: Pick<RefusedAnswer, "message" | "data">): string | undefined {
  return findBytes(data, 0) ?? bytesIn(/revert/i.test(message) ? message : "");
}

/** Where answers put the bytes. */
const NESTING: ReadonlySet<string> = new Set([
  "data",
  "return",
  "output",
  "originalError",
  "error",
  "result",
]);

function findBytes(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return bytesIn(value);
  if (typeof value !== "object" || value === null || depth > 3) return undefined;
  // Ganache names an entry by its transaction.
  for (const [key, inner] of Object.entries(value)) {
    if (!NESTING.has(key) && !/^0x[0-9a-f]{64}$/i.test(key)) continue;
    const found = findBytes(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Revert data are a selector and whole words; 32 bytes alone are a hash or an address. */
function bytesIn(text: string): string | undefined {
  const [, bytes] = /^(?:reverted )?(0x[0-9a-f]{8}(?:[0-9a-f]{64})*)$/i.exec(text.trim()) ?? [];
  if (bytes !== undefined) return bytes;
  const [, quoted] =
    /(?:reverted|revert(?:ed)? (?:with )?data:?)\s*"?(0x[0-9a-f]{8}(?:[0-9a-f]{64})*)\b/i.exec(text) ?? [];
  return quoted;
}
