import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { TaskState } from "@concordat/protocol/contracts/enums";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import { Reading } from "../app/WhenRead.tsx";
import { useTitle } from "../app/useTitle.ts";
import { Sparkline } from "../charts/Sparkline.tsx";
import { useFederationState } from "../chain/useFederation.ts";
import { useToken } from "../chain/useToken.ts";
import { useManifest } from "../manifest/useManifest.ts";
import { Identicon } from "../ui/Account.tsx";
import { amount, count, date, number } from "../ui/format.ts";
import { Said } from "../ui/Said.tsx";
import { Icon } from "../ui/icons.tsx";
import { Badge, Empty, Meter, PageHead } from "../ui/parts.tsx";
import { TASK_STATES } from "#ui/taskStates.ts";
import { scoreWords } from "./task/scoreWords.ts";
import { ORDERS, STATES, chosenTasks, withoutRepeats } from "./tasks/taskListSearch.ts";
import type { TaskListSearch } from "./tasks/taskListSearch.ts";
import { finalisedOpenings, meanScore } from "@concordat/protocol/history/rounds";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

/** All tasks, newest first, or those that the address asks for. */
export function TaskListPage(): ReactElement {
  useTitle("Tasks");
  return (
    <div className="stack">
      <PageHead
        title="Tasks"
        lead="What is trained here, by whom, and under which rules. Everything on these pages comes from the chain."
      />
      <TaskFilters />
      <TaskList />
    </div>
  );
}

function TaskFilters(): ReactElement {
  const search = useSearch({ from: "/tasks" });
  const navigate = useNavigate();
  const { state = "all", text = "", by, order = "newest" } = search;
  const change = (part: TaskListSearch): void => {
    void navigate({ to: "/tasks", search: { ...search, ...part }, replace: true });
  };
  return (
    <form className="task-filters" aria-label="Filter tasks" onSubmit={(event) => event.preventDefault()}>
      <div className="row" role="group" aria-label="Filter by state">
        {STATES.map(([name, label]) => (
          <button
            key={name}
            type="button"
            className={`button button-small ${name === state ? "button-primary" : ""}`}
            aria-pressed={name === state}
            onClick={() => change({ state: name === "all" ? undefined : name })}
          >
            {label}
          </button>
        ))}
        {by !== undefined && (
          <button
            type="button"
            className="button button-small"
            aria-label={`Show all publishers again, not only ${by}`}
            onClick={() => change({ by: undefined })}
          >
            by {by.slice(0, 8)}… <Icon name="close" />
          </button>
        )}
      </div>
      <input
        type="search"
        aria-label="Search tasks"
        placeholder="Name, number or publisher"
        maxLength={100}
        value={text}
        onChange={({ target }) => change({ text: target.value === "" ? undefined : target.value })}
      />
      <select
        aria-label="Order"
        value={order}
        onChange={({ target }) => change({ order: ORDERS.find(([name]) => name === target.value)?.[0] })}
      >
        {ORDERS.map(([name, label]) => (
          <option key={name} value={name}>
            {label}
          </option>
        ))}
      </select>
    </form>
  );
}

function TaskList(): ReactElement {
  const { federation, ready } = useFederationState();
  const search = useSearch({ from: "/tasks" });
  const queries = useQueryClient();
  const nameOf = ({ terms }: TaskRecord): string | undefined =>
    queries.getQueriesData<TaskManifest>({ queryKey: ["manifest", terms.manifestDigest] })[0]?.[1]?.name;
  const tasks = chosenTasks(federation.tasks.values(), search, nameOf);
  const isWhole = search.text === undefined && search.by === undefined;
  const shown = isWhole ? withoutRepeats(tasks) : tasks.map((task) => ({ task, alike: 0 }));
  return (
    <>
      {!ready && <Reading />}
      {ready && tasks.length === 0 && (
        <Empty>
          <p>
            {federation.tasks.size === 0
              ? "No task has been published yet."
              : "No task matches these filters."}
          </p>
          <Link to="/publish">Publish a task</Link>
        </Empty>
      )}
      <div className="grid-3">
        {shown.map(({ task, alike }) => (
          <div key={task.taskId} className="stack-tight">
            <TaskCard task={task} />
            {alike > 0 && (
              <Link
                to="/tasks"
                search={{ ...search, by: task.publisher.toLowerCase() }}
                className="card-note"
              >
                and {count(alike, "more task")} of this publisher that nobody has joined
              </Link>
            )}
          </div>
        ))}
      </div>
    </>
  );
}

export function TaskCard({ task }: { readonly task: TaskRecord }): ReactElement {
  const { taskId, terms, state, active } = task;
  const manifest = useManifest(terms.manifestDigest);
  const { word, tone } = TASK_STATES[state];
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
        Task {taskId} · by{" "}
        <span title={task.publisher}>
          <Identicon value={task.publisher} /> {task.publisher.slice(0, 6)}…{task.publisher.slice(-4)}
        </span>{" "}
        · {number(active.length)} of at most {count(terms.maxNodes, "node")}
        {state === TaskState.Open && ` · open until ${date(terms.timeLimit)}`} ·{" "}
        {task.escrow === 0n
          ? "pays nothing"
          : task.escrowLeft === 0n
            ? "nothing left in escrow"
            : `${amount(task.escrowLeft, token)} in escrow`}
      </p>
      <Meter share={finalised / terms.rounds} label={`${finalised} of ${terms.rounds} rounds`} />
      <div className="row-spread">
        <p className="card-note">
          {number(finalised)} of {count(terms.rounds, "round")} finalised
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
