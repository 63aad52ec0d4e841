import { Link } from "@tanstack/react-router";
import type { ReactElement } from "react";
import { TaskState } from "@concordat/protocol/contracts/enums";
import { WhenRead } from "../app/WhenRead.tsx";
import { useTitle } from "../app/useTitle.ts";
import { useFederationState } from "../chain/useFederation.ts";
import { number } from "../ui/format.ts";
import { Card, Facts, PageHead } from "../ui/parts.tsx";
import { TaskCard } from "./TaskListPage.tsx";

/** How many ended tasks are shown where none is running. */
const LATEST = 3;

/** One next step for each who comes here. */
const STEPS = [
  [
    "You have records",
    "Run a node beside them. They never leave it; what it learns earns reputation and rewards.",
    "/nodes",
    "See the nodes and register yours",
  ],
  [
    "You need a model",
    "Say what is to be trained and by which rules, and pay the rewards into escrow.",
    "/publish",
    "Publish a task",
  ],
  [
    "You run a node here",
    "See which votes and duties await it, what it could lose, and what it has earned.",
    "/work",
    "See what awaits you",
  ],
  [
    "You want to check",
    "Read every event and recompute every decision, in this page.",
    "/audit",
    "Look for yourself",
  ],
] as const;

/** What happens in a round, in the words of those who take part. */
const ROUND_STEPS = [
  ["Train", "Every node trains on records that never leave it, and signs its update."],
  ["Aggregate", "A committee, drawn by the last model’s hash, combines the updates and attests the result."],
  [
    "Negotiate",
    "Every node scores mixtures of the global model and its own; the contract picks one alpha for all.",
  ],
  [
    "Pay",
    "Accepted work earns reputation and rewards; what was refused is on the chain, with who refused it.",
  ],
] as const;

/** What this is, where each reader goes on, and what happens here now. */
export function HomePage(): ReactElement {
  useTitle();
  return (
    <div className="stack">
      <PageHead
        title="Federated learning whose rules are a contract"
        lead="Organisations train one model together, each beside its own data. Who takes part, who leads, what is accepted and what is paid, contracts decide in the open; anyone can check every decision here."
      />
      <div className="grid-steps">
        {STEPS.map(([who, what, to, label]) => (
          <Card key={to} title={who} note={what}>
            <Link to={to}>{label}</Link>
          </Card>
        ))}
      </div>
      <Card title="How a round goes">
        <ol className="round-steps">
          {ROUND_STEPS.map(([name, what]) => (
            <li key={name}>
              <h3>{name}</h3>
              <p className="card-note">{what}</p>
            </li>
          ))}
        </ol>
      </Card>
      <Numbers />
      <WhenRead>
        <LiveTasks />
      </WhenRead>
    </div>
  );
}

/** How much there is; while it is read, in the same place, that it is not known yet. */
function Numbers(): ReactElement {
  const { federation, ready } = useFederationState();
  const members = [...federation.nodes.values()].filter(({ isMember }) => isMember).length;
  const rounds = [...federation.tasks.values()].flatMap(({ openings }) =>
    openings.filter(({ finalised }) => finalised !== undefined),
  ).length;
  const told = (value: number): string => (ready ? number(value) : "…");
  return (
    <Card>
      <Facts
        large
        facts={[
          ["Member nodes", told(members)],
          ["Tasks published", told(federation.tasks.size)],
          ["Rounds finalised", told(rounds)],
        ]}
      />
    </Card>
  );
}

function LiveTasks(): ReactElement {
  const { federation } = useFederationState();
  const tasks = [...federation.tasks.values()].toReversed();
  const live = tasks.filter(({ state }) => state === TaskState.Running || state === TaskState.Open);
  const shown = live.length > 0 ? live : tasks;
  if (shown.length === 0) return <></>;
  return (
    <>
      <h2>{live.length > 0 ? "Open and running tasks" : "Latest tasks"}</h2>
      <div className="grid-3">
        {shown.slice(0, LATEST).map((task) => (
          <TaskCard key={task.taskId} task={task} />
        ))}
      </div>
      <Link to="/tasks">All tasks</Link>
    </>
  );
}
