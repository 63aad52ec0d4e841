import { setTimeout as sleep } from "node:timers/promises";
import type { TransactionReceipt } from "ethers";
import type { Logger } from "pino";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import { ContractError } from "@concordat/chain/contracts/contractError";

/** Milliseconds before a refused submission is tried once more, at most as long as a block takes. */
const RETRY_MS = 500;

/**
 * Submits until the chain shows it, `confirmations` deep: sends, waits until the block is deep enough, looks, and sends
 * again if a reorganisation has undone it. A refusal by the contract is logged once and tried again with the next block,
 * since the phase may change; the caller's signal ends it.
 */
export async function ensureSubmitted(
  chain: ChainGateway,
  logger: Logger,
  label: string,
  isDone: () => Promise<boolean>,
  send: () => Promise<TransactionReceipt>,
  signal: AbortSignal,
): Promise<void> {
  let said = "";
  while (!(await isDone())) {
    const { head } = chain.heads;
    try {
      const { blockNumber } = await send();
      await chain.heads.reaches(blockNumber + chain.confirmations, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ContractError)) throw error;
      if (said !== error.errorName) logger.info({ error: error.message }, `${label} not accepted yet`);
      said = error.errorName;
      await Promise.race([chain.heads.after(head, signal), sleep(RETRY_MS, undefined, { signal })]);
    }
  }
}
