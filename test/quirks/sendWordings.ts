import { HASH, SEND, rows, says } from "./wording.ts";
import type { Wording } from "./wording.ts";

/** What is said of transactions: chainlink evm client errors_test.go unless said otherwise. */
export const SENDS: readonly Wording[] = [
  ...rows(
    "geth",
    SEND,
    "alreadyKnown",
    says(-32_000, "already known"),
    says(-32_000, `known transaction: ${HASH}`),
  ),
  ...rows("Besu", SEND, "alreadyKnown", says(-32_000, "Known transaction")),
  ...rows(
    "Erigon",
    SEND,
    "alreadyKnown",
    says(-32_000, "already known"),
    says(-32_000, "ALREADY_EXISTS: already known"),
  ),
  ...rows("Erigon", SEND, "alreadyKnown", says(-32_000, "INTERNAL_ERROR: existing tx with same hash")),
  ...rows(
    "OpenEthereum",
    SEND,
    "alreadyKnown",
    says(-32_010, "Transaction with the same hash was already imported."),
  ),
  // nethermind issues 4148 and 12153.
  ...rows("Nethermind", SEND, "alreadyKnown", says(-32_010, "AlreadyKnown"), says(-32_000, "AlreadyKnown")),
  ...rows("Reth", SEND, "alreadyKnown", says(-32_000, "already known")),
  ...rows("Hardhat", SEND, "alreadyKnown", says(-32_000, `Known transaction: ${HASH}`)),
  ...rows(
    "zkSync",
    SEND,
    "alreadyKnown",
    says(3, "known transaction. transaction with hash 0x6013…3053 is already in the system", "0x"),
  ),
  ...rows("Sei", SEND, "alreadyKnown", says(-32_000, "tx already exists in cache")),

  ...rows(
    "geth",
    SEND,
    "nonceTooLow",
    says(-32_000, "nonce too low"),
    says(-32_000, "nonce too low: address 0x336394A3219e71D9d9bd18201d34E95C1Bb7122C, tx: 8089 state: 8090"),
  ),
  ...rows("geth", SEND, "nonceTooLow", says(-32_000, "nonce too low: next nonce 8, tx nonce 7")),
  ...rows("Besu", SEND, "nonceTooLow", says(-32_001, "Nonce too low")),
  ...rows(
    "OpenEthereum",
    SEND,
    "nonceTooLow",
    says(-32_010, "Transaction nonce is too low. Try incrementing the nonce."),
  ),
  ...rows(
    "Nethermind",
    SEND,
    "nonceTooLow",
    says(-32_010, "OldNonce"),
    says(-32_010, "OldNonce, Current nonce: 22, nonce of rejected tx: 17"),
  ),
  ...rows("Nethermind", SEND, "nonceTooLow", says(-32_000, "OwnNonceAlreadyUsed")),
  ...rows("Reth", SEND, "nonceTooLow", says(-32_003, "nonce too low: next nonce 8, tx nonce 7")),
  ...rows("Hardhat", SEND, "nonceTooLow", says(-32_000, "Nonce too low. Expected nonce to be 1 but got 0.")),
  ...rows(
    "Ganache",
    SEND,
    "nonceTooLow",
    says(-32_000, "the tx doesn't have the correct nonce. account has nonce of: 5 tx has nonce of: 4"),
  ),
  ...rows("Arbitrum", SEND, "nonceTooLow", says(-32_000, "transaction rejected: nonce too low")),

  ...rows(
    "geth",
    SEND,
    "underpriced",
    says(-32_000, "transaction underpriced"),
    says(-32_000, "replacement transaction underpriced"),
  ),
  ...rows(
    "geth",
    SEND,
    "underpriced",
    says(-32_000, "max fee per gas less than block base fee: address 0x33, maxFeePerGas: 1, baseFee: 7"),
  ),
  ...rows(
    "geth",
    SEND,
    "underpriced",
    says(-32_000, "transaction underpriced: gas tip cap 1, minimum needed 1000000"),
  ),
  ...rows(
    "Besu",
    SEND,
    "underpriced",
    says(-32_000, "Replacement transaction underpriced"),
    says(-32_009, "Gas price below configured minimum gas price"),
  ),
  ...rows("Besu", SEND, "underpriced", says(-32_009, "Gas price below current base fee")),
  ...rows(
    "Erigon",
    SEND,
    "underpriced",
    says(-32_000, "UNDERPRICED: transaction underpriced"),
    says(-32_000, "fee too low"),
  ),
  ...rows(
    "OpenEthereum",
    SEND,
    "underpriced",
    says(
      -32_010,
      "Transaction gas price 100wei is too low. There is another transaction with same nonce in the queue with gas price: 150wei. Try increasing the gas price or incrementing the nonce.",
    ),
  ),
  ...rows(
    "OpenEthereum",
    SEND,
    "underpriced",
    says(
      -32_010,
      "Transaction gas price is too low. It does not satisfy your node's minimal gas price (minimal: 100, got: 50). Try increasing the gas price.",
    ),
  ),
  ...rows(
    "OpenEthereum",
    SEND,
    "underpriced",
    says(
      -32_010,
      "There are too many transactions in the queue. Your transaction was dropped due to limit. Try increasing the fee.",
    ),
  ),
  ...rows(
    "Nethermind",
    SEND,
    "underpriced",
    says(
      -32_010,
      "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 50, BaseFee: 100, MaxPriorityFeePerGas:200, Block number: 5",
    ),
    says(-32_010, "FeeTooLowToCompete"),
    says(-32_000, "ReplacementNotAllowed"),
  ),
  ...rows(
    "Hardhat",
    SEND,
    "underpriced",
    says(
      -32_000,
      "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 7",
    ),
  ),
  ...rows(
    "Hardhat",
    SEND,
    "underpriced",
    says(
      -32_000,
      "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 11 is necessary to replace the existing transaction with nonce 0.",
    ),
  ),
  ...rows("Arbitrum", SEND, "underpriced", says(-32_000, "gas price too low")),
  ...rows("aStar", SEND, "underpriced", says(-32_603, "gas price less than block base fee")),

  ...rows(
    "geth",
    SEND,
    "insufficientFunds",
    says(
      -32_000,
      "insufficient funds for gas * price + value: balance 0, tx cost 21000000000000, overshot 21000000000000",
    ),
    says(-32_000, "insufficient funds for transfer"),
  ),
  ...rows("geth", SEND, "insufficientFunds", says(-32_000, "transaction would cause overdraft")),
  ...rows(
    "geth",
    "eth_estimateGas",
    "insufficientFunds",
    says(
      -32_000,
      "insufficient funds for gas * price + value: address 0xb68D832c1241bc50db1CF09e96c0F4201D5539C9 have 9934612900000000 want 9936662900000000",
    ),
  ),
  ...rows("Besu", SEND, "insufficientFunds", says(-32_004, "Upfront cost exceeds account balance")),
  ...rows(
    "OpenEthereum",
    SEND,
    "insufficientFunds",
    says(
      -32_010,
      "Insufficient funds. The account you tried to send transaction from does not have enough funds. Required 200 and got: 100.",
    ),
  ),
  ...rows(
    "Nethermind",
    SEND,
    "insufficientFunds",
    says(
      -32_010,
      "InsufficientFunds, Account balance: 4740799397601480913, cumulative cost: 22019342038993800000",
    ),
  ),
  ...rows(
    "Reth",
    SEND,
    "insufficientFunds",
    says(-32_003, "insufficient funds for gas * price + value: have 0 want 21000"),
  ),
  ...rows(
    "Hardhat",
    SEND,
    "insufficientFunds",
    says(
      -32_000,
      "Sender doesn't have enough funds to send tx. The max upfront cost is: 21000 and the sender's balance is: 0.",
    ),
  ),
  ...rows(
    "Ganache",
    SEND,
    "insufficientFunds",
    says(
      -32_000,
      "sender doesn't have enough funds to send tx. The upfront cost is: 21000 and the sender's account only has: 0",
    ),
  ),
  ...rows("Arbitrum", SEND, "insufficientFunds", says(-32_000, "not enough funds for gas")),

  ...rows("geth", SEND, "gasTooLow", says(-32_000, "intrinsic gas too low: gas 20000, minimum needed 21000")),
  ...rows("Besu", SEND, "gasTooLow", says(-32_003, "Intrinsic gas exceeds gas limit")),
  ...rows(
    "OpenEthereum",
    SEND,
    "gasTooLow",
    says(
      -32_010,
      "Transaction gas is too low. There is not enough gas to cover minimal cost of the transaction (minimal: 21000, got: 20000). Try increasing supplied gas.",
    ),
  ),
  ...rows("Reth", SEND, "gasTooLow", says(-32_003, "intrinsic gas too low")),

  ...rows("geth", SEND, "gasTooHigh", says(-32_000, "exceeds block gas limit")),
  // EIP-7825 in go-ethereum core/error.go.
  ...rows(
    "geth",
    SEND,
    "gasTooHigh",
    says(-32_000, "transaction gas limit too high (cap: 16777216, tx: 20000000)"),
  ),
  ...rows("Besu", SEND, "gasTooHigh", says(-32_005, "Transaction gas limit exceeds block gas limit")),
  ...rows(
    "OpenEthereum",
    SEND,
    "gasTooHigh",
    says(
      -32_010,
      "Transaction cost exceeds current gas limit. Limit: 8000000, got: 9000000. Try decreasing supplied gas.",
    ),
    says(-32_010, "Supplied gas is beyond limit."),
  ),
  ...rows(
    "Nethermind",
    SEND,
    "gasTooHigh",
    says(-32_010, "GasLimitExceeded, Gas limit: 30000000, gas limit of rejected tx: 40000000"),
  ),
  ...rows(
    "Hardhat",
    SEND,
    "gasTooHigh",
    says(-32_000, "Transaction gas limit is 40000000 and exceeds block gas limit of 30000000"),
  ),
  ...rows(
    "Hardhat",
    SEND,
    "gasTooHigh",
    says(-32_000, "Transaction gas limit is 17000000 and exceeds transaction gas cap of 16777216"),
  ),

  ...rows(
    "geth",
    SEND,
    "rejected",
    says(-32_000, "tx fee (1.10 ether) exceeds the configured cap (1.00 ether)"),
    says(-32_000, "invalid sender"),
  ),
  ...rows("geth", SEND, "nonceTooHigh", says(-32_000, "nonce too high")),
  ...rows(
    "geth",
    SEND,
    "rejected",
    says(-32_000, "transaction type not supported"),
    says(-32_000, "invalid chain id for signer: have 1 want 31337"),
  ),
  ...rows("geth", SEND, "poolFull", says(-32_000, "account limit exceeded")),
  ...rows("geth", SEND, "rejected", says(-32_000, "oversized data: transaction size 131100, limit 131072")),
  ...rows(
    "Besu",
    SEND,
    "rejected",
    says(-32_000, "Transaction fee cap exceeded"),
    says(-32_007, "Sender account not authorized to send transactions"),
    says(-32_000, "Wrong chainId"),
  ),
  ...rows(
    "OpenEthereum",
    SEND,
    "rejected",
    says(-32_010, "Transaction is not permitted."),
    says(-32_010, "Invalid chain id."),
  ),
  // nethermind issues 3923 and 3925.
  ...rows("Nethermind", SEND, "nonceTooHigh", says(-32_010, "NonceGap, Future nonce. Expected nonce: 10")),
  ...rows(
    "Nethermind",
    SEND,
    "rejected",
    says(-32_010, "PermissionDenied, permission denied for tx type: Basic, actual permissions: None"),
    says(-32_010, "Filtered"),
  ),
];
