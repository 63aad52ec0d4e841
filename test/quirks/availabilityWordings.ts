import { BLOCK, CALL, HASH, LOGS, RECEIPT, at, http, rows, says } from "./wording.ts";
import type { Wording } from "./wording.ts";

/** Nobody answers, or not now. */
export const FAILURES: readonly Wording[] = [
  // chainlink evm client errors_test.go (IsServiceUnavailable).
  ...rows(
    "nginx",
    CALL,
    "unavailable",
    http(
      503,
      "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n",
      { "content-type": "text/html" },
    ),
    http(502, "<html>\r\n<head><title>502 Bad Gateway</title></head></html>", {
      "content-type": "text/html",
    }),
    http(504, "<html><head><title>504 Gateway Time-out</title></head></html>", {
      "content-type": "text/html",
    }),
    http(200, "<html>Welcome to nginx</html>", { "content-type": "text/html" }),
    http(200, ""),
    http(200, '{"jsonrpc":"2.0","id":1,"res'),
  ),
  ...rows("Cloudflare", CALL, "unavailable", says(-32_046, "Cannot fulfill request")),
  ...rows("Cloudflare", CALL, "unavailable", http(521, "error code: 521", { "content-type": "text/plain" })),
  // op-stack proxyd backend.go.
  ...rows(
    "proxyd",
    CALL,
    "unavailable",
    at(503, says(-32_011, "no backends available for method")),
    says(-32_011, "no backend is currently healthy to serve traffic"),
  ),
  ...rows("Infura", CALL, "unavailable", says(-32_603, "Internal JSON-RPC error.")),
  ...rows("Besu", CALL, "unavailable", says(-32_603, "Internal error")),
  ...rows(
    "dRPC",
    CALL,
    "unavailable",
    at(500, says(19, "Temporary internal error. Please retry, trace-id: 4f")),
  ),
  ...rows("Tenderly", CALL, "unavailable", says(-32_099, "node at capacity")),
  ...rows("Confura", CALL, "unavailable", says(-32_000, "server is too busy, please try again later")),
  ...rows("geth", CALL, "unavailable", says(-32_002, "request timed out")),
  ...rows("Besu", CALL, "unavailable", says(-32_603, "Timeout expired")),
  // A call's own time is up on the server: asking for less is not possible for a call.
  ...rows("geth", CALL, "unavailable", says(-32_000, "execution aborted (timeout = 5s)")),
];

/** A block that is not there yet. */
export const BEHIND: readonly Wording[] = [
  // go-ethereum eth/api_backend.go; optimism pull 11759 lists both.
  ...rows("geth", CALL, "behind", says(-32_000, "header not found"), says(-32_000, "block not found")),
  ...rows("geth", CALL, "behind", says(-32_000, "header for hash not found")),
  ...rows("geth", LOGS, "behind", says(-32_000, "unknown block")),
  // reth pull 8558 and later: the range's end is not there.
  ...rows(
    "Reth",
    LOGS,
    "behind",
    says(-32_602, "block range extends beyond current head block"),
    says(-32_000, "block range extends beyond current head block: requested 0x2000, head 0x1000"),
  ),
  ...rows("Reth", CALL, "behind", says(-32_001, `block not found: canonical hash ${HASH}`)),
  ...rows("Reth", CALL, "behind", says(-32_001, "block not found: 0x186a0")),
  ...rows("Reth", RECEIPT, "behind", says(-32_001, `receipts not found: hash ${HASH}`)),
  // erigon's wording of the same, and issue 2770.
  ...rows(
    "Erigon",
    LOGS,
    "behind",
    says(
      -32_000,
      "requested block range [4096, 8192] is beyond latest executed block 4000 (node is still syncing)",
    ),
    says(-32_000, "block not found 11185311"),
  ),
  // nethermind SearchResult ("... could not be found", ResourceNotFound).
  ...rows("Nethermind", CALL, "behind", says(-32_001, "11185311 could not be found")),
  ...rows("Nethermind", LOGS, "behind", says(-32_001, `${HASH} could not be found`)),
  // besu RpcErrorType.java BLOCK_NOT_FOUND, UNKNOWN_BLOCK.
  ...rows("Besu", CALL, "behind", says(-32_000, "Block not found"), says(-39_001, "Unknown block")),
  ...rows("OKX", CALL, "behind", says(-32_000, `block ${HASH} not found`)),
  // hardhat's assertInvalidInputError tests.
  ...rows(
    "Hardhat",
    CALL,
    "behind",
    says(-32_000, "Received invalid block tag 44. Latest block number is 38"),
    says(-32_602, "Received invalid block tag 44. Latest block number is 38"),
  ),
  ...rows("Ganache", CALL, "behind", says(-32_000, "header not found")),
  ...rows(
    "BSC",
    LOGS,
    "behind",
    says(-32_000, "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found."),
  ),
];

/** States and history that are gone. */
export const PRUNED: readonly Wording[] = [
  // polygon bor issue 109; go-ethereum trie/errors.go, triedb/pathdb.
  ...rows(
    "geth",
    CALL,
    "pruned",
    says(-32_000, `missing trie node ${"cd".repeat(32)} (path ) state ${HASH} is not available, not found`),
    says(-32_000, "missing trie node (path ) state is not available"),
    says(-32_000, "historical state is not available"),
    says(-32_000, "required historical state unavailable (reexec=128)"),
    says(-32_000, "state histories haven't been fully indexed yet"),
  ),
  ...rows("geth", LOGS, "pruned", says(4444, "pruned history unavailable")),
  // nethermind EthRpcModule.GetStateFailureResult (-32002), issues 9539 and 12089.
  ...rows("Nethermind", CALL, "pruned", says(-32_002, `No state available for block 45615500 (${HASH})`)),
  ...rows(
    "Nethermind",
    LOGS,
    "pruned",
    says(4444, "Pruned history unavailable"),
    says(-32_000, "Receipt not available for From block 14319330."),
  ),
  // erigon issues 13198 and 23322.
  ...rows(
    "Erigon",
    CALL,
    "pruned",
    says(-32_000, "old data not available due to pruning"),
    says(-32_000, "history is available from block 25735899"),
    says(
      -32_000,
      "state transitaion failed: seek with txNum=1962853355 but data before txNum=2662500000 is not available",
    ),
  ),
  // besu RpcErrorType.java WORLD_STATE_UNAVAILABLE.
  ...rows("Besu", CALL, "pruned", says(-32_000, "World state unavailable")),
  // reth provider errors.
  ...rows("Reth", CALL, "pruned", says(-32_000, "state at block #12345 is pruned")),
  // openethereum errors.rs state_pruned, unavailable_block.
  ...rows(
    "OpenEthereum",
    CALL,
    "pruned",
    says(
      -32_000,
      "This request is not supported because your node is running with state pruning. Run with --pruning=archive.",
    ),
  ),
  ...rows(
    "OpenEthereum",
    BLOCK,
    "pruned",
    says(
      -32_000,
      "Looks like you disabled ancient block download, unfortunately the information you're trying to fetch doesn't exist in the db and is probably in the ancient blocks.",
    ),
  ),
  ...rows("Infura", CALL, "pruned", says(-32_000, "project ID does not have access to archive state")),
  ...rows("PublicNode", CALL, "pruned", says(-32_602, "Archive requests require a personal token")),
];

/** Not while indexes are built. */
export const INDEXING: readonly Wording[] = [
  // go-ethereum issues 28877 and 29956, ethers issue 4999, base docs pull 1149.
  ...rows(
    "geth",
    RECEIPT,
    "indexing",
    says(-32_000, "transaction indexing is in progress"),
    says(-32_000, "transaction indexing is in progress", "transaction indexing is in progress"),
  ),
  // besu RpcErrorType.java CHAIN_HEAD_WORLD_STATE_NOT_AVAILABLE.
  ...rows("Besu", CALL, "indexing", says(-32_008, "Initial sync is still in progress")),
  // openethereum errors.rs unavailable_block.
  ...rows(
    "OpenEthereum",
    BLOCK,
    "indexing",
    says(
      -32_000,
      "Requested block number is in a range that is not available yet, because the ancient block sync is still in progress.",
    ),
  ),
];

export const ACCESS: readonly Wording[] = [
  // go-ethereum rpc/errors.go methodNotFoundError; besu RpcErrorType.java METHOD_NOT_ENABLED.
  ...rows(
    "geth",
    "eth_maxPriorityFeePerGas",
    "unsupported",
    says(-32_601, "the method eth_maxPriorityFeePerGas does not exist/is not available"),
  ),
  ...rows("Besu", "eth_newFilter", "unsupported", says(-32_604, "Method not enabled")),
  ...rows("Besu", "eth_foo", "unsupported", says(-32_601, "Method not found")),
  ...rows("BSC dataseed", LOGS, "unsupported", says(-32_004, "method not supported")),
  ...rows("Alchemy", CALL, "unauthorised", at(401, says(-32_600, "Must be authenticated!"))),
  ...rows(
    "Ankr",
    CALL,
    "unauthorised",
    says(
      -32_000,
      "Unauthorized: You must authenticate your request with an API key. Create an account on https://www.ankr.com/rpc/ and generate your personal API key for free.",
    ),
  ),
  ...rows("Infura", CALL, "unauthorised", http(401, "invalid project id\n")),
  ...rows("Alchemy", CALL, "unauthorised", http(403, '{"error":"polygon is not enabled for this app"}')),
  ...rows("Besu", CALL, "unauthorised", at(401, says(-40_100, "Unauthorized"))),
];
