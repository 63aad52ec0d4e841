import { EndReason, TaskState, enumName, enumValue } from "@concordat/protocol/contracts/enums";
import { momentWords } from "@concordat/protocol/words/timeWords";
import type { ChainOptions } from "../chainOptions.ts";
import { inBatches, upTo } from "@concordat/chain/endpoints/inBatches";
import { withReader } from "../openChain.ts";
import { print, printJson, table } from "@concordat/console/output";
import { newestBlock } from "../readTask.ts";
import { END_WORDS, STATE_WORDS } from "@concordat/protocol/words/enumWords";

export interface TaskListOptions extends ChainOptions {
  readonly json?: true;
}

/** `concordat task list`. */
export async function runTaskList(options: TaskListOptions): Promise<void> {
  const read = await withReader(options, async (chain) => {
    const { taskRegistry, roundCoordinator } = chain.contracts;
    const at = await newestBlock(chain);
    const tasks = await inBatches(upTo(await taskRegistry.taskCount()), async (task) => {
      const [status, terms] = await Promise.all([taskRegistry.status(task), taskRegistry.terms(task)]);
      return {
        deadline: Number(terms.timeLimit),
        json: {
          task,
          state: enumName(TaskState, status.state),
          endReason: enumName(EndReason, status.endReason),
          rounds: Number(terms.rounds),
          roundsPlayed:
            status.state === BigInt(TaskState.Running)
              ? Number((await roundCoordinator.roundOf(task)).round) - 1
              : Number(status.roundsPlayed),
          active: Number(status.activeCount),
          minNodes: Number(terms.minNodes),
          maxNodes: Number(terms.maxNodes),
          publisher: status.publisher,
          escrow: status.escrow,
        },
        state: enumValue(TaskState, status.state),
        endReason: enumValue(EndReason, status.endReason),
      };
    });
    return { tasks, now: at.timestamp };
  });
  const { tasks, now } = read;
  if (options.json) return printJson(tasks.map(({ json }) => json));
  if (tasks.length === 0) return print("No task has been published yet");
  print(
    table(
      [
        { head: "task", align: "right" },
        { head: "state" },
        { head: "rounds", align: "right" },
        { head: "nodes", align: "right" },
        { head: "needs" },
        { head: "no round starts after" },
        { head: "publisher" },
      ],
      tasks.map(({ json: t, state, endReason, deadline }) => [
        t.task,
        endReason === EndReason.None ? STATE_WORDS[state] : `${STATE_WORDS[state]}: ${END_WORDS[endReason]}`,
        `${t.roundsPlayed} of ${t.rounds}`,
        t.active,
        `${t.minNodes} to ${t.maxNodes}`,
        state === TaskState.Open || state === TaskState.Running ? momentWords(deadline, now) : "",
        t.publisher,
      ]),
    ),
  );
}
