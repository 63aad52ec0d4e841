import { Link, useParams, useSearch } from "@tanstack/react-router";
import { Suspense, lazy, useState } from "react";
import type { ReactElement } from "react";
import { TaskState } from "@concordat/protocol/contracts/enums";
import { Failed } from "#app/Failed.tsx";
import { ROLE_WORDS, foreignAddresses } from "@concordat/protocol/contracts/foreignContracts";
import { Reading } from "#app/WhenRead.tsx";
import { useTitle } from "#app/useTitle.ts";
import { useFederation, useFederationState } from "#chain/useFederation.ts";
import { useManifest } from "#manifest/useManifest.ts";
import { Account } from "#ui/Account.tsx";
import { count, listed } from "#ui/format.ts";
import { Badge, Button, Empty, Notice, PageHead } from "#ui/parts.tsx";
import { plainText } from "#ui/plainText.ts";
import { Said } from "#ui/Said.tsx";
import { TASK_STATES } from "#ui/taskStates.ts";
import { END_WORDS } from "@concordat/protocol/words/enumWords";
import { NowTab } from "./NowTab.tsx";
import { RosterTab } from "./RosterTab.tsx";
import { RoundsTab } from "./RoundsTab.tsx";
import { TermsTab } from "./TermsTab.tsx";
import { TASK_TABS } from "./taskTabs.ts";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

const CurvesTab = lazy(async () => ({ default: (await import("./CurvesTab.tsx")).CurvesTab }));
const ModelTab = lazy(async () => ({ default: (await import("./ModelTab.tsx")).ModelTab }));

/** One task: what it asks, who takes part, and its rounds as they happen. */
export function TaskPage(): ReactElement {
  const { taskId } = useParams({ from: "/tasks/$taskId" });
  const { federation, ready } = useFederationState();
  const task = federation.tasks.get(Number(taskId));
  if (task === undefined && !ready) {
    return (
      <div className="stack">
        <PageHead title={`Task ${plainText(taskId, 40)}`} />
        <Reading />
      </div>
    );
  }
  if (task === undefined) {
    return (
      <Empty>
        <h1>
          There is no task <Said text={taskId} most={40} /> on this network
        </h1>
        <Link to="/tasks">See all tasks</Link>
      </Empty>
    );
  }
  return <Task key={task.taskId} task={task} />;
}

function Task({ task }: { readonly task: TaskRecord }): ReactElement {
  const { tab = "now", round } = useSearch({ from: "/tasks/$taskId" });
  const manifest = useManifest(task.terms.manifestDigest);
  const { word, tone } = TASK_STATES[task.state];
  const [, tabName] = TASK_TABS.find(([name]) => name === tab) ?? [];
  useTitle(
    tab === "now" ? undefined : tabName,
    round === undefined ? undefined : `Round ${round}`,
    manifest.data?.name,
    `Task ${task.taskId}`,
  );
  const taskId = String(task.taskId);
  return (
    <>
      <PageHead
        title={manifest.data === undefined ? `Task ${taskId}` : <Said text={manifest.data.name} />}
        lead={
          <>
            Task {taskId}, published by <Account address={task.publisher} />
            {manifest.data !== undefined && manifest.data.description !== "" && (
              <>
                <br />
                <Description text={manifest.data.description} />
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
      <ForeignRules task={task} />
      {manifest.error !== null && <Failed error={manifest.error} retry={() => void manifest.refetch()} />}
      <nav className="tabs" aria-label="About this task">
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

/** Said to every reader, before any number: whose word the page of such a task stands on. */
function ForeignRules({ task }: { readonly task: TaskRecord }): ReactElement {
  const { addressBook } = useFederation().store.network;
  const rules = foreignAddresses(task.terms, task.publisher, addressBook).filter(
    ({ expected }) => expected !== undefined,
  );
  if (rules.length === 0) return <></>;
  return (
    <Notice tone="bad">
      <p>
        This task is not run by the contracts of this page’s address book: its{" "}
        {listed(rules.map(({ role }) => ROLE_WORDS[role]))} {rules.length === 1 ? "is" : "are"} somebody
        else’s.
      </p>
      <p>
        Nothing that they decide is bound by the rules shown here, and this page cannot see or check it.{" "}
        <Link to="/tasks/$taskId" params={{ taskId: String(task.taskId) }} search={{ tab: "terms" }}>
          See which they are
        </Link>
      </p>
    </Notice>
  );
}

/** Letters of a description that are shown at first. */
const FIRST_LETTERS = 400;

/** What the publisher says of it; a long one is cut until somebody asks for the rest. */
function Description({ text }: { readonly text: string }): ReactElement {
  const [isWhole, setWhole] = useState(false);
  if (text.length <= FIRST_LETTERS || isWhole) return <Said text={text} />;
  return (
    <>
      <Said text={text} most={FIRST_LETTERS} />{" "}
      <Button small look="quiet" onClick={() => setWhole(true)}>
        Show all of it
      </Button>
    </>
  );
}
