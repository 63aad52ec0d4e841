import { Link } from "@tanstack/react-router";
import { lazy } from "react";
import type { ReactElement } from "react";
import { TaskState } from "../../../protocol/enums.ts";
import { useFederationState } from "../chain/useFederation.ts";
import { Card, Facts, PageHead } from "../ui/parts.tsx";
import { useWallet } from "../wallet/useWallet.ts";
import { TaskCard } from "./TaskListPage.tsx";

const MyWork = lazy(async () => ({ default: (await import("./home/MyWork.tsx")).MyWork }));

/** With a wallet, what awaits its owner; without one, what this is. */
export function HomePage(): ReactElement {
  const { account } = useWallet();
  return account === undefined ? <Welcome /> : <MyWork account={account} />;
}

function Welcome(): ReactElement {
  const { world } = useFederationState();
  const running = [...world.tasks.values()].filter(
    ({ state }) => state === TaskState.Running || state === TaskState.Open,
  );
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
      {running.length > 0 && (
        <>
          <h2>Open and running tasks</h2>
          <div className="grid-3">
            {running.toReversed().map((task) => (
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
