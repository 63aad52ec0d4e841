import { CALL, HASH, rows, says } from "./wording.ts";
import type { Wording } from "./wording.ts";

/** Error(string) with "Test". */
const REASON =
  "0x08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000045465737400000000000000000000000000000000000000000000000000000000";
/** A custom error without parameters. */
const CUSTOM = "0x82b42900";

/** Executions that failed. */
export const EXECUTIONS: readonly Wording[] = [
  // go-ethereum internal/ethapi/errors.go (newRevertError: code 3, data in hex), core/vm/errors.go.
  ...rows("geth", CALL, "reverted", says(3, "execution reverted", CUSTOM)),
  ...rows("geth", CALL, "reverted", says(3, "execution reverted: Test", REASON)),
  ...rows("geth", "eth_estimateGas", "reverted", says(3, "execution reverted", CUSTOM)),
  ...rows(
    "geth",
    CALL,
    "bareRevert",
    says(-32_000, "execution reverted"),
    says(3, "execution reverted", "0x"),
  ),
  ...rows("geth", CALL, "bareRevert", says(-32_000, "invalid opcode: INVALID"), says(-32_000, "out of gas")),
  ...rows(
    "geth",
    "eth_estimateGas",
    "bareRevert",
    says(-32_000, "gas required exceeds allowance (30000000)"),
  ),
  // openethereum crates/rpc/src/v1/helpers/errors.rs (vm: EXECUTION_ERROR -32015, data "Reverted 0x...").
  ...rows("OpenEthereum", CALL, "reverted", says(-32_015, "VM execution error.", `Reverted ${REASON}`)),
  ...rows("OpenEthereum", CALL, "reverted", says(-32_015, "VM execution error.", `Reverted ${CUSTOM}`)),
  ...rows("OpenEthereum", CALL, "bareRevert", says(-32_015, "VM execution error.", "Reverted 0x")),
  ...rows("OpenEthereum", CALL, "bareRevert", says(-32_015, "VM execution error.", "Bad instruction fe")),
  ...rows(
    "OpenEthereum",
    CALL,
    "bareRevert",
    says(-32_016, "The execution failed due to an exception.", "Out of gas"),
  ),
  // nethermind JsonRpc/ErrorCodes.cs (ExecutionError -32015, later 3), Modules/Eth/EthRpcModule.
  ...rows("Nethermind", CALL, "reverted", says(-32_015, "VM execution error.", `Reverted ${CUSTOM}`)),
  ...rows("Nethermind", CALL, "reverted", says(3, "execution reverted", CUSTOM)),
  ...rows("Nethermind", CALL, "bareRevert", says(-32_015, "VM execution error.", "revert")),
  // besu RpcErrorType.java REVERT_ERROR, EXECUTION_HALTED.
  ...rows("Besu", CALL, "reverted", says(-32_000, "Execution reverted", CUSTOM)),
  ...rows("Besu", CALL, "reverted", says(-32_000, "Execution reverted: Test", REASON)),
  ...rows("Besu", CALL, "bareRevert", says(-32_000, "Execution reverted")),
  ...rows(
    "Besu",
    CALL,
    "bareRevert",
    says(-32_000, "Transaction processing could not be completed due to an exception"),
  ),
  // reth crates/rpc/rpc-eth-types/src/error (RevertError: code 3, data in hex).
  ...rows("Reth", CALL, "reverted", says(3, `execution reverted: custom error ${CUSTOM}`, CUSTOM)),
  ...rows("Reth", CALL, "bareRevert", says(-32_003, "out of gas: gas required exceeds allowance: 50000000")),
  ...rows("Erigon", CALL, "reverted", says(3, "execution reverted", CUSTOM)),
  ...rows("Erigon", CALL, "bareRevert", says(-32_000, "execution reverted")),
  // hardhat's test of EDR's answers: over HTTP the data stands one level deeper.
  ...rows(
    "Hardhat",
    CALL,
    "reverted",
    says(
      -32_603,
      "Error: VM Exception while processing transaction: reverted with custom error 'Unauthorized()'",
      {
        message:
          "Error: VM Exception while processing transaction: reverted with custom error 'Unauthorized()'",
        data: CUSTOM,
      },
    ),
  ),
  ...rows(
    "Hardhat",
    CALL,
    "reverted",
    says(
      3,
      "VM Exception while processing transaction: reverted with an unrecognized custom error (return data: 0x82b42900)",
      CUSTOM,
    ),
  ),
  ...rows(
    "Hardhat",
    CALL,
    "bareRevert",
    says(-32_603, "Error: Transaction reverted without a reason string", { data: "0x" }),
  ),
  // ganache issues 433 and 521, ganache-ui 2732: a map from the transaction's hash.
  ...rows(
    "Ganache 2",
    CALL,
    "bareRevert",
    says(-32_000, "VM Exception while processing transaction: revert", {
      [HASH]: { error: "revert", program_counter: 92, return: "0x" },
      name: "RuntimeError",
    }),
  ),
  ...rows(
    "Ganache 2",
    CALL,
    "reverted",
    says(-32_000, "VM Exception while processing transaction: revert Test", {
      [HASH]: { error: "revert", program_counter: 92, return: REASON, reason: "Test" },
      name: "RuntimeError",
    }),
  ),
  ...rows(
    "Ganache 7",
    CALL,
    "reverted",
    says(-32_000, "VM Exception while processing transaction: revert", CUSTOM),
  ),
  // What a wallet wraps (MetaMask, "Internal JSON-RPC error.").
  ...rows(
    "MetaMask",
    CALL,
    "reverted",
    says(-32_603, "Internal JSON-RPC error.", { code: 3, message: "execution reverted", data: CUSTOM }),
  ),
  ...rows("Alchemy", CALL, "reverted", says(3, "execution reverted", CUSTOM)),
  // A contract's own reason may use an endpoint's words.
  ...rows("geth", CALL, "reverted", says(3, "execution reverted: rate limit exceeded", REASON)),
  ...rows("geth", CALL, "reverted", says(3, "execution reverted: header not found", REASON)),
];
