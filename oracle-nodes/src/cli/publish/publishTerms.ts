import { ConcordatError } from "../../../../protocol/errors.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import { termsToAbi } from "../../../../protocol/taskTerms.ts";
import type { ChainWriter } from "../chainAccess.ts";
import { NO_PERMIT } from "../noPermit.ts";
import { receiptEvent } from "../receiptEvent.ts";
import { checkBalance, readToken } from "../token.ts";

/** A task that was published. */
export interface PublishedTask {
  readonly taskId: number;
  /** Reward tokens held for the task's worst case, in the token's smallest unit. */
  readonly escrow: bigint;
  /** Unix seconds at which any account can end the task. */
  readonly hardEnd: number;
  readonly transaction: string;
}

/** @throws {InputError} when the publisher does not own the reward tokens that the task's worst case needs. */
export async function checkEscrow(
  { contracts, provider, account }: ChainWriter,
  terms: TaskTerms,
): Promise<void> {
  const escrow = await contracts.taskRegistry.escrowFor(termsToAbi(terms));
  if (escrow > 0n) await checkBalance(await readToken(provider, terms.rewardToken), account, escrow);
}

/** Approves the escrow and publishes. @throws {ContractError} naming the term that the contract refuses. */
export async function publishTerms(chain: ChainWriter, terms: TaskTerms): Promise<PublishedTask> {
  const { taskRegistry } = chain.contracts;
  const abi = termsToAbi(terms);
  const escrow = await taskRegistry.escrowFor(abi);
  const receipt = await chain.send("taskRegistry", "publish", [abi, NO_PERMIT], {
    // Times count from the run: what is wanted is the task, whenever it was first sent.
    intent: `publish ${JSON.stringify({ ...terms, startTime: 0, timeLimit: 0 }, bigintText)}`,
    first: async () => {
      if (escrow > 0n) await chain.approve(terms.rewardToken, chain.book.contracts.TaskRegistry, escrow);
    },
  });
  const event = receiptEvent(receipt, taskRegistry.interface, "TaskPublished");
  if (event === undefined) throw new ConcordatError(`Transaction ${receipt.hash} published no task`);
  return {
    taskId: Number(event["taskId"]),
    escrow: event["escrow"] as bigint,
    hardEnd: Number(event["hardEnd"]),
    transaction: receipt.hash,
  };
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
