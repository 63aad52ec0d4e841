import { Link, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, lazy } from "react";
import type { ReactElement } from "react";
import { TaskState } from "../../../../protocol/enums.ts";
import { Failed } from "../../app/Failed.tsx";
import { useFederationState } from "../../chain/useFederation.ts";
import { useManifest } from "../../manifest/useManifest.ts";
import { Account } from "../../ui/Account.tsx";
import { count } from "../../ui/format.ts";
import { Badge, Empty, Notice, PageHead } from "../../ui/parts.tsx";
import { END_WORDS, STATE_WORDS } from "../../world/taskWords.ts";
import type { TaskRecord } from "../../world/world.ts";
import { NowTab } from "./NowTab.tsx";
import { RosterTab } from "./RosterTab.tsx";
import { RoundsTab } from "./RoundsTab.tsx";
import { TermsTab } from "./TermsTab.tsx";
import { TASK_TABS } from "./taskTabs.ts";

const CurvesTab = lazy(async () => ({ default: (await import("./CurvesTab.tsx")).CurvesTab }));
const ModelTab = lazy(async () => ({ default: (await import("./ModelTab.tsx")).ModelTab }));

/** One task: what it asks, who takes part, and its rounds as they happen. */
export function TaskPage(): ReactElement {
  const { taskId } = useParams({ from: "/tasks/$taskId" });
  const { world } = useFederationState();
  const task = world.tasks.get(Number(taskId));
  if (task === undefined) {
    return (
      <Empty>
        <h1>There is no task {taskId} on this network</h1>
        <Link to="/tasks">See all tasks</Link>
      </Empty>
    );
  }
  return <Task task={task} />;
}

/** On a narrow page the tabs scroll: the present one is brought into view. */
function showCurrentTab(tabs: HTMLElement | null): void {
  const current = tabs?.querySelector<HTMLElement>("[aria-current=page]");
  if (tabs !== null && current !== null && current !== undefined) {
    tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.clientWidth) / 2;
  }
}

function Task({ task }: { readonly task: TaskRecord }): ReactElement {
  const { tab = "now" } = useSearch({ from: "/tasks/$taskId" });
  const manifest = useManifest(task.terms.manifestDigest);
  const { word, tone } = STATE_WORDS[task.state];
  const taskId = String(task.taskId);
  return (
    <>
      <PageHead
        title={manifest.data?.name ?? `Task ${taskId}`}
        lead={
          <>
            Task {taskId}, published by <Account address={task.publisher} />
            {manifest.data !== undefined && manifest.data.description !== "" && (
              <>
                <br />
                {manifest.data.description}
              </>
            )}
          </>
        }
      >
        <Badge tone={tone}>{word}</Badge>
      </PageHead>
      {task.state >= TaskState.Completed && task.state !== TaskState.Cancelled && (
        <Notice tone={task.state === TaskState.Completed ? "good" : "bad"}>
          <p>
            The task ended after {count(task.roundsPlayed, "round")} because {END_WORDS[task.endReason]}.
          </p>
        </Notice>
      )}
      {manifest.error !== null && <Failed error={manifest.error} retry={() => void manifest.refetch()} />}
      <nav className="tabs" aria-label="About this task" ref={showCurrentTab}>
        {TASK_TABS.map(([name, label]) => (
          <Link
            key={name}
            to="/tasks/$taskId"
            params={{ taskId }}
            search={{ tab: name }}
            aria-current={name === tab ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Suspense fallback={<p className="card-note">Loading…</p>}>
        {tab === "now" && <NowTab task={task} />}
        {tab === "rounds" && <RoundsTab task={task} />}
        {tab === "curves" && <CurvesTab task={task} />}
        {tab === "terms" && <TermsTab task={task} manifest={manifest.data} />}
        {tab === "roster" && <RosterTab task={task} />}
        {tab === "model" && <ModelTab task={task} manifest={manifest.data} />}
      </Suspense>
    </>
  );
}
