import { InputError } from "@concordat/protocol/errors";
import { termsFromAbi, type TaskTerms } from "@concordat/protocol/terms/taskTerms";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";

/** The terms of a task. @throws {InputError} when there is no such task. */
export async function readTaskTerms({ contracts }: ChainReader, taskId: number): Promise<TaskTerms> {
  const count = Number(await contracts.taskRegistry.taskCount());
  if (taskId > count) {
    throw new InputError(`There is no task ${taskId}`, {
      hint: count === 0 ? "None has been published yet" : `Give a number from 1 to ${count}`,
    });
  }
  return termsFromAbi(await contracts.taskRegistry.terms(taskId));
}
