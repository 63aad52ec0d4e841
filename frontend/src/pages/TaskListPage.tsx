import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { TaskState } from "../../../protocol/enums.ts";
import { useTitle } from "../app/useTitle.ts";
import { Sparkline } from "../charts/Sparkline.tsx";
import { useFederationState } from "../chain/useFederation.ts";
import { useToken } from "../chain/useToken.ts";
import { useManifest } from "../manifest/useManifest.ts";
import { amount, count, date, span } from "../ui/format.ts";
import { Said } from "../ui/Said.tsx";
import { Badge, Empty, Meter, PageHead } from "../ui/parts.tsx";
import { finalisedOpenings, meanScore } from "../world/rounds.ts";
import { STATE_WORDS } from "../world/taskWords.ts";
import type { TaskRecord } from "../world/world.ts";
import { scoreWords } from "./task/scoreWords.ts";

const FILTERS = [
  ["All", undefined],
  ["Open", [TaskState.Open]],
  ["Running", [TaskState.Running]],
  ["Ended", [TaskState.Completed, TaskState.Aborted, TaskState.Cancelled]],
] as const;

/** All tasks, newest first. */
export function TaskListPage(): ReactElement {
  const { world } = useFederationState();
  useTitle("Tasks");
  const [filter, setFilter] = useState(0);
  const states: readonly TaskState[] | undefined = FILTERS[filter]?.[1];
  const tasks = [...world.tasks.values()].filter(({ state }) => states?.includes(state) ?? true).toReversed();
  return (
    <div className="stack">
      <PageHead
        title="Tasks"
        lead="What is trained here, by whom, and under which rules. Everything on these pages comes from the chain."
      />
      <div className="row" role="group" aria-label="Filter by state">
        {FILTERS.map(([label], index) => (
          <button
            key={label}
            type="button"
            className={`button button-small ${index === filter ? "button-primary" : ""}`}
            aria-pressed={index === filter}
            onClick={() => setFilter(index)}
          >
            {label}
          </button>
        ))}
      </div>
      {tasks.length === 0 ? (
        <Empty>
          <p>{world.tasks.size === 0 ? "No task has been published yet." : "No task is in this state."}</p>
          <Link to="/publish">Publish a task</Link>
        </Empty>
      ) : (
        <div className="grid-3">
          {tasks.map((task) => (
            <TaskCard key={task.taskId} task={task} />
          ))}
        </div>
      )}
    </div>
  );
}

export function TaskCard({ task }: { readonly task: TaskRecord }): ReactElement {
  const { taskId, terms, state, active } = task;
  const manifest = useManifest(terms.manifestDigest);
  const { word, tone } = STATE_WORDS[state];
  const token = useToken(terms.rewardToken as Hex);
  const finalised = finalisedOpenings(task).length;
  const scores = finalisedOpenings(task).flatMap(
    (opening) => (opening.finalised && meanScore(opening.finalised)) ?? [],
  );
  const last = scores.at(-1);
  return (
    <Link to="/tasks/$taskId" params={{ taskId: String(taskId) }} className="card card-link">
      <div className="row-spread">
        <h2>
          {manifest.data === undefined ? `Task ${taskId}` : <Said text={manifest.data.name} most={80} />}
        </h2>
        <Badge tone={tone}>{word}</Badge>
      </div>
      {manifest.data !== undefined && manifest.data.description !== "" && (
        <p className="clamp">
          <Said text={manifest.data.description} most={300} />
        </p>
      )}
      <p className="card-note">
        Task {taskId} · {count(active.length, "node")} of {span(terms.minNodes, terms.maxNodes)} ·{" "}
        {state === TaskState.Open ? `joins until ${date(terms.timeLimit)}` : count(terms.rounds, "round")} ·{" "}
        {task.escrow === 0n ? "pays nothing" : `${amount(task.escrowLeft, token)} in escrow`}
      </p>
      <Meter share={finalised / terms.rounds} label={`${finalised} of ${terms.rounds} rounds`} />
      <div className="row-spread">
        <p className="card-note">
          {finalised} of {count(terms.rounds, "round")} finalised
          {last !== undefined && (
            <>
              <br />
              mean score {scoreWords(terms, last)}
            </>
          )}
        </p>
        <Sparkline values={scores} label="Mean score of each round" />
      </div>
    </Link>
  );
}
