import { InputError } from "../../../protocol/errors.ts";
import { termsFromAbi, type TaskTerms } from "../../../protocol/taskTerms.ts";
import type { ChainReader } from "../chain/chainAccess.ts";

/** The terms of a task. @throws {InputError} when there is no such task. */
export async function readTaskTerms({ contracts }: ChainReader, taskId: number): Promise<TaskTerms> {
  const count = Number(await contracts.taskRegistry.taskCount());
  if (taskId > count) {
    throw new InputError(`There is no task ${taskId}`, {
      hint: count === 0 ? "None was published yet" : `Give 1 to ${count}`,
    });
  }
  return termsFromAbi(await contracts.taskRegistry.terms(taskId));
}
