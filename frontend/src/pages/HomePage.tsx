import { Link } from "@tanstack/react-router";
import { lazy } from "react";
import type { ReactElement } from "react";
import { TaskState } from "../../../protocol/enums.ts";
import { useTitle } from "../app/useTitle.ts";
import { useFederationState } from "../chain/useFederation.ts";
import { Card, Facts, PageHead } from "../ui/parts.tsx";
import { useWallet } from "../wallet/useWallet.ts";
import { TaskCard } from "./TaskListPage.tsx";

const MyWork = lazy(async () => ({ default: (await import("./home/MyWork.tsx")).MyWork }));

/** With a wallet, what awaits its owner; without one, what this is. */
export function HomePage(): ReactElement {
  const { account } = useWallet();
  useTitle(account === undefined ? undefined : "My work");
  return account === undefined ? <Welcome /> : <MyWork account={account} />;
}

/** How many ended tasks are shown where none is running. */
const LATEST = 3;

/** What happens in a round, in the words of those who take part. */
const ROUND_STEPS = [
  ["Train", "Every node trains on records that never leave it, and signs its update."],
  ["Aggregate", "A committee, drawn by the last model’s hash, combines the updates and attests the result."],
  [
    "Negotiate",
    "Every node scores mixtures of the global and its own model; the contract picks one alpha for all.",
  ],
  [
    "Pay",
    "Accepted work earns reputation and reward; what was refused stands on the chain, with who refused it.",
  ],
] as const;

function RoundSteps(): ReactElement {
  return (
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
  );
}

function Welcome(): ReactElement {
  const { world } = useFederationState();
  const tasks = [...world.tasks.values()].toReversed();
  const live = tasks.filter(({ state }) => state === TaskState.Running || state === TaskState.Open);
  const shown = live.length > 0 ? live : tasks.slice(0, LATEST);
  const members = [...world.nodes.values()].filter(({ isMember }) => isMember).length;
  const rounds = [...world.tasks.values()].flatMap(({ openings }) =>
    openings.filter(({ finalised }) => finalised !== undefined),
  ).length;
  return (
    <div className="stack">
      <PageHead
        title="Federated learning whose rules are a contract"
        lead="Organisations train one model together, each beside its own data. Who takes part, who leads, what is accepted and what is paid, contracts decide in the open; anyone can check every decision here."
      />
      <Card>
        <Facts
          large
          facts={[
            ["Nodes that are members", String(members)],
            ["Tasks published", String(world.tasks.size)],
            ["Rounds finalised", String(rounds)],
          ]}
        />
      </Card>
      <RoundSteps />
      {shown.length > 0 && (
        <>
          <h2>{live.length > 0 ? "Open and running tasks" : "Latest tasks"}</h2>
          <div className="grid-3">
            {shown.map((task) => (
              <TaskCard key={task.taskId} task={task} />
            ))}
          </div>
        </>
      )}
      <div className="grid-3">
        <Card title="Take part" note="Connect a wallet and register a node: your records never leave it.">
          <Link to="/nodes">See the nodes</Link>
        </Card>
        <Card title="Publish" note="Say what is to be trained, and pay the rewards into escrow.">
          <Link to="/publish">Publish a task</Link>
        </Card>
        <Card title="Audit" note="Read every event, and compute every decision again, in this page.">
          <Link to="/audit">Look for yourself</Link>
        </Card>
      </div>
    </div>
  );
}
