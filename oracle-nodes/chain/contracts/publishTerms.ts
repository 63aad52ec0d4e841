import { ConcordatError } from "@concordat/protocol/errors";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { termsFromAbi, termsToAbi } from "@concordat/protocol/terms/taskTerms";
import type { ChainWriter } from "./chainAccess.ts";
import { inBatches, upTo } from "../endpoints/inBatches.ts";
import { NO_PERMIT } from "@concordat/protocol/terms/noPermit";
import { receiptEvent } from "./receiptEvent.ts";
import { isSameTerms } from "@concordat/protocol/terms/sameTerms";
import type { PublicationRecord } from "@concordat/protocol/terms/publicationRecord";

/** A task that was published. */
export interface PublishedTask {
  readonly taskId: number;
  /** Reward tokens held for the task's worst case, in the token's smallest unit. */
  readonly escrow: bigint;
  /** Unix seconds at which any account can end the task. */
  readonly hardEnd: number;
  readonly transaction: string;
}

/** Approves the escrow, which changes nothing of the task: it can be refused and given again. */
export async function approveEscrow(chain: ChainWriter, terms: TaskTerms): Promise<void> {
  const escrow = await chain.contracts.taskRegistry.escrowFor(termsToAbi(terms));
  if (escrow > 0n) await chain.approve(terms.rewardToken, chain.book.contracts.TaskRegistry, escrow);
}

/** Approves the escrow and publishes. @throws {ContractError} naming the term that the contract refuses. */
export async function publishTerms(chain: ChainWriter, terms: TaskTerms): Promise<PublishedTask> {
  return sendTerms(chain, terms, async () => approveEscrow(chain, terms));
}

/**
 * Publishes.
 * @param first What is done before it is sent, unless an earlier run has sent it already: checks, files, the approval.
 * @throws {ContractError} naming the term that the contract refuses.
 */
export async function sendTerms(
  chain: ChainWriter,
  terms: TaskTerms,
  first: () => Promise<void>,
): Promise<PublishedTask> {
  const { taskRegistry } = chain.contracts;
  const receipt = await chain.send("taskRegistry", "publish", [termsToAbi(terms), NO_PERMIT], {
    // Times count from the run: what is wanted is the task, whenever it was first sent.
    intent: `publish ${JSON.stringify({ ...terms, startTime: 0, timeLimit: 0 }, bigintText)}`,
    first,
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

/** Tasks further back that are looked at too: a reorganisation may have given it a lower number. */
const REORDERED = 64;

/**
 * Looks for a publication whose answer was lost: a task of this publisher with exactly these terms. The contract counts its
 * tasks, so none is overlooked where an endpoint's logs lag.
 */
export async function findPublished(
  { contracts: { taskRegistry } }: ChainWriter,
  { publisher, terms, tasksBefore }: PublicationRecord,
): Promise<Omit<PublishedTask, "transaction"> | undefined> {
  const first = Math.max(0, tasksBefore - REORDERED);
  const ids = upTo(await taskRegistry.taskCount()).slice(first);
  const found = await inBatches(ids, async (taskId) => {
    const status = await taskRegistry.status(taskId);
    if (status.publisher.toLowerCase() !== publisher.toLowerCase()) return undefined;
    if (!isSameTerms(termsFromAbi(await taskRegistry.terms(taskId)), terms)) return undefined;
    return { taskId, escrow: status.escrow, hardEnd: Number(status.hardEnd) };
  });
  return found.find((task) => task !== undefined);
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
