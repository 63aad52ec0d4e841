import { EndReason, TaskState, enumName } from "../../../../protocol/enums.ts";
import type { ChainOptions } from "../chainOptions.ts";
import { withReader } from "../openChain.ts";
import { print, printJson, table } from "../output.ts";

export interface TaskListOptions extends ChainOptions {
  readonly json?: true;
}

/** `concordat task list`. */
export async function runTaskList(options: TaskListOptions): Promise<void> {
  const tasks = await withReader(options, async ({ contracts: { taskRegistry, roundCoordinator } }) => {
    const count = Number(await taskRegistry.taskCount());
    return Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const [status, terms] = await Promise.all([taskRegistry.status(i + 1), taskRegistry.terms(i + 1)]);
        return {
          task: i + 1,
          state: enumName(TaskState, status.state),
          endReason: enumName(EndReason, status.endReason),
          rounds: Number(terms.rounds),
          roundsPlayed:
            status.state === BigInt(TaskState.Running)
              ? Number((await roundCoordinator.roundOf(i + 1)).round) - 1
              : Number(status.roundsPlayed),
          active: Number(status.activeCount),
          minNodes: Number(terms.minNodes),
          maxNodes: Number(terms.maxNodes),
          publisher: status.publisher,
          escrow: status.escrow,
        };
      }),
    );
  });
  if (options.json) return printJson(tasks);
  if (tasks.length === 0) return print("No task was published yet");
  print(
    table(
      [
        { head: "task", align: "right" },
        { head: "state" },
        { head: "rounds", align: "right" },
        { head: "nodes", align: "right" },
        { head: "needs" },
        { head: "publisher" },
      ],
      tasks.map((t) => [
        t.task,
        t.endReason === "None" ? t.state : `${t.state}: ${t.endReason}`,
        `${t.roundsPlayed}/${t.rounds}`,
        t.active,
        `${t.minNodes} to ${t.maxNodes}`,
        t.publisher,
      ]),
    ),
  );
}
