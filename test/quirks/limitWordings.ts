import { BLOCK, CALL, LOGS, at, http, rows, says } from "./wording.ts";
import type { Wording } from "./wording.ts";

/** Too many requests, in a time or for a plan. */
export const RATES: readonly Wording[] = [
  // Infura documentation and many users' code: "project ID request rate exceeded".
  ...rows("Infura", CALL, "rateLimited", at(429, says(-32_005, "project ID request rate exceeded"))),
  ...rows(
    "Infura",
    BLOCK,
    "rateLimited",
    says(-32_005, "daily request count exceeded, request rate limited", {
      rate: { allowed_rps: 1, backoff_seconds: 30, current_rps: 1.333 },
    }),
  ),
  // Alchemy error reference: 429 in the body, HTTP 200 in batches.
  ...rows(
    "Alchemy",
    CALL,
    "rateLimited",
    at(
      429,
      says(
        429,
        "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this message.",
      ),
    ),
    says(429, "Your app has exceeded its compute units per second capacity."),
    at(
      429,
      says(429, "Monthly capacity limit exceeded. Visit the dashboard to upgrade your scaling policy."),
    ),
  ),
  // QuickNode error codes.
  ...rows(
    "QuickNode",
    CALL,
    "rateLimited",
    at(
      429,
      says(-32_007, "50/second request limit reached - reduce calls per second or upgrade your account"),
    ),
    says(-32_007, "25/second request limit reached"),
    says(-32_003, "daily request limit reached - upgrade your account at quicknode.com"),
  ),
  // Measured answers of public nodes (Base, BSC, X Layer), 2026-09-30.
  ...rows("Coinbase", CALL, "rateLimited", says(-32_016, "over rate limit")),
  ...rows(
    "dRPC",
    CALL,
    "rateLimited",
    says(15, "You reached Public endpoint rate limit, please upgrade to paid plan"),
    says(429, "Too Many Requests"),
  ),
  ...rows("routeme", CALL, "rateLimited", says(-32_029, "public rate limit exceeded")),
  ...rows("PublicNode", CALL, "rateLimited", says(-32_603, "request throttled, try later")),
  ...rows("PublicNode", CALL, "rateLimited", says(-32_603, "daily quota used up")),
  ...rows("Ankr", CALL, "rateLimited", http(429, "Too Many Requests", { "retry-after": "2" })),
  ...rows("BSC dataseed", LOGS, "rateLimited", says(-32_005, "limit exceeded")),
  ...rows("Cloudflare", CALL, "rateLimited", http(429, "error code: 1015", { "content-type": "text/plain" })),
];

/** Ask for less. */
export const TOO_LARGE: readonly Wording[] = [
  // INFURA/infura issue 237, lodestar issue 2977.
  ...rows(
    "Infura",
    LOGS,
    "tooLarge",
    says(-32_005, "query returned more than 10000 results", { from: "0x1", limit: 10_000, to: "0x2" }),
    says(
      -32_005,
      "query returned more than 10000 results. Try with this block range [0x16F8F40, 0x16F9AA2].",
    ),
    says(-32_602, "range 1000000 exceeds limit of 10000"),
    says(-32_005, "query timeout exceeded"),
  ),
  // go-ethereum issue 25343, dank_mids issue 772.
  ...rows(
    "Alchemy",
    LOGS,
    "tooLarge",
    says(
      -32_602,
      "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x0, 0x87fe9]",
    ),
    at(
      400,
      says(
        -32_600,
        "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x18708eb, 0x18708f4]. Upgrade to PAYG for expanded block range.",
      ),
    ),
    says(-32_600, "You can make eth_getLogs requests with up to a 500 block range."),
  ),
  // arbitrum-sdk issue 609.
  ...rows("QuickNode", LOGS, "tooLarge", at(413, says(-32_614, "eth_getLogs is limited to a 10,000 range"))),
  ...rows("QuickNode", LOGS, "tooLarge", says(-32_602, "eth_getLogs is limited to 0 - 5 blocks range")),
  // The remaining providers' sentences as ponder's getLogsRetryHelper.ts knows them.
  ...rows(
    "Cloudflare",
    LOGS,
    "tooLarge",
    says(-32_047, "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800"),
  ),
  ...rows("Ankr", LOGS, "tooLarge", says(-32_600, "block range is too wide")),
  ...rows("Ankr", LOGS, "tooLarge", says(-32_000, "maximum [from, to] blocks distance: 1000")),
  ...rows("thirdweb", LOGS, "tooLarge", says(-32_602, "Maximum allowed number of requested blocks is 1000")),
  ...rows(
    "Avalanche",
    LOGS,
    "tooLarge",
    says(-32_000, "requested too many blocks from 0 to 5000, maximum is set to 2048"),
  ),
  ...rows(
    "BlockPI",
    LOGS,
    "tooLarge",
    says(
      -32_602,
      "eth_getLogs is limited to 1024 block range. Please check the parameter requirements at  https://docs.blockpi.io/documentations/api-reference",
    ),
  ),
  ...rows(
    "Blast",
    LOGS,
    "tooLarge",
    says(-32_600, "requested block range exceeds the range allowed for your plan (10000 > 500)"),
  ),
  ...rows(
    "Chainstack",
    LOGS,
    "tooLarge",
    says(
      -32_602,
      "Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits#evm-range-limits",
    ),
  ),
  ...rows("Coinbase", LOGS, "tooLarge", says(-32_614, "please limit the query to at most 1,000 blocks")),
  ...rows("PublicNode", LOGS, "tooLarge", says(-32_701, "exceed maximum block range: 50000")),
  ...rows(
    "Base",
    LOGS,
    "tooLarge",
    says(-32_614, "block range too large"),
    says(-32_020, "backend response too large"),
  ),
  ...rows("Moonbeam", LOGS, "tooLarge", says(-32_603, "block range is too wide (maximum 1024)")),
  ...rows("Arbitrum", LOGS, "tooLarge", says(-32_000, "logs matched by query exceeds limit of 10000")),
  ...rows("1RPC", LOGS, "tooLarge", says(-32_000, "response size should not greater than 10000000 bytes")),
  ...rows(
    "Tenderly",
    LOGS,
    "tooLarge",
    says(-32_602, "invalid params", {
      error_id: "4ed94073",
      payload: "range 9009594 is bigger than range limit 2000",
    }),
  ),
  ...rows("Scroll", LOGS, "tooLarge", says(-32_000, "block range is bigger than maxBlockRange")),
  ...rows(
    "Morph",
    LOGS,
    "tooLarge",
    says(-32_000, "block range is larger than max block range, block range = 5120, max block range = 5000"),
  ),
  ...rows("Candle", LOGS, "tooLarge", says(-32_600, "block range too high")),
  // reth issue 23810, pull 8558.
  ...rows(
    "Reth",
    LOGS,
    "tooLarge",
    says(-32_602, "query exceeds max block range 100000"),
    says(-32_602, "query exceeds max results 20000, retry with the range 24383075-24383096"),
    says(-32_008, "Response is too big", "Exceeded max limit of 167772160"),
  ),
  // besu RpcErrorType.java EXCEEDS_RPC_MAX_BLOCK_RANGE.
  ...rows("Besu", LOGS, "tooLarge", says(-32_005, "Requested range exceeds maximum RPC range limit")),
  // go-ethereum rpc/errors.go, eth/filters (exceed max topics is a fault of ours, not of size).
  ...rows(
    "geth",
    LOGS,
    "tooLarge",
    says(-32_003, "response too large"),
    says(-32_000, "exceed maximum block range: 5000"),
  ),
  ...rows("Confura", LOGS, "tooLarge", says(-32_000, "query timeout with duration exceeds 3s")),
  ...rows(
    "Confura",
    LOGS,
    "tooLarge",
    says(
      -32_000,
      "result set to be queried is too large with more than 10000 logs, please narrow down your filter condition",
    ),
  ),
  ...rows(
    "nginx",
    LOGS,
    "tooLarge",
    http(413, "<html><head><title>413 Request Entity Too Large</title></head></html>", {
      "content-type": "text/html",
    }),
  ),
];

export const BATCHES: readonly Wording[] = [
  // Base: many clients' comments. dRPC: 500 with code 31. besu issue 4951, erigon issue 7090, geth rpc/errors.go.
  ...rows("Base", CALL, "batchRefused", says(-32_014, "maximum 10 calls in 1 batch")),
  ...rows(
    "dRPC",
    CALL,
    "batchRefused",
    at(
      500,
      says(
        31,
        "Batch of more than 3 requests are not allowed on free tier, to use this feature register paid account at drpc.org",
      ),
    ),
  ),
  ...rows("Besu", CALL, "batchRefused", says(-32_005, "Number of requests exceeds max batch size")),
  ...rows(
    "Besu",
    CALL,
    "batchRefused",
    says(-32_602, "Number of requests in batch exceeds --rpc-max-batch-size."),
  ),
  ...rows("Erigon", CALL, "batchRefused", says(-32_000, "batch limit 100 exceeded: 142 requests given")),
  ...rows("geth", CALL, "batchRefused", says(-32_600, "batch too large")),
  ...rows("bodhi", CALL, "batchRefused", says(-32_600, "Exceeded maximum batch size 20")),
  ...rows("Gateway", CALL, "batchRefused", says(-32_600, "batch requests are not supported")),
];
