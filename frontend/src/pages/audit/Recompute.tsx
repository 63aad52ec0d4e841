import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import type { Check } from "../../../../audit/checks.ts";
import { useFederation, useFederationState } from "../../chain/useFederation.ts";
import { useGateways } from "../../artifacts/useGateways.ts";
import { CheckField } from "../../ui/Field.tsx";
import { count, number } from "../../ui/format.ts";
import { Badge, Button, Card, Notice, Table } from "../../ui/parts.tsx";
import type { AuditAnswer, AuditRequest } from "./auditWorker.ts";

/** Replays all events in a worker with the rules of the contracts, and compares every decision. */
export function Recompute({
  taskId,
  round,
}: {
  readonly taskId: number | undefined;
  readonly round: number | undefined;
}): ReactElement {
  const { store } = useFederation();
  const { sync } = useFederationState();
  const worker = useRef<Worker>(undefined);
  const gateways = useGateways();
  const [models, setModels] = useState(false);
  const [answer, setAnswer] = useState<AuditAnswer>();
  useEffect(() => () => worker.current?.terminate(), []);
  const running = answer?.kind === "progress";

  const start = (): void => {
    worker.current?.terminate();
    worker.current = new Worker(new URL("./auditWorker.ts", import.meta.url), { type: "module" });
    worker.current.addEventListener("message", ({ data }: MessageEvent<AuditAnswer>) => setAnswer(data));
    const { rpcUrls, addressBook } = store.network;
    setAnswer({ kind: "progress", block: addressBook.deploymentBlock, checks: 0 });
    worker.current.postMessage({
      rpcUrls,
      addressBook,
      taskId,
      round,
      toBlock: sync.syncedTo,
      gateways: models ? gateways : undefined,
    } satisfies AuditRequest);
  };

  const subject =
    taskId === undefined
      ? "all tasks"
      : round === undefined
        ? `task ${taskId}`
        : `round ${round} of task ${taskId}`;
  return (
    <Card
      title="Compute it again"
      note="Elections, quorums, signatures, alpha, reputation, rewards, stakes: each is derived here from its causes and compared with what the chain says, up to the block that this page has read."
      aside={
        <Button look="primary" disabled={running} onClick={start}>
          {running ? "Computing…" : `Recompute ${subject} here`}
        </Button>
      }
    >
      <CheckField
        label="Make each global model again from the updates"
        hint="Fetches the artifacts from the nodes’ gateways and compares the result bit for bit; this takes longer."
        checked={models}
        onChange={setModels}
      />
      {running && (
        <p role="status">
          Block {number(answer.block)} of {number(sync.syncedTo)}, {count(answer.checks, "decision")} checked…
        </p>
      )}
      {answer?.kind === "failed" && (
        <Notice tone="bad">
          <p>{answer.message}</p>
        </Notice>
      )}
      {answer?.kind === "done" && <Outcome answer={answer} />}
    </Card>
  );
}

function Outcome({
  answer,
}: {
  readonly answer: Extract<AuditAnswer, { readonly kind: "done" }>;
}): ReactElement {
  const { total, notRecomputed, disagreements, checks } = answer;
  return (
    <>
      <Notice tone={disagreements.length === 0 ? "good" : "bad"}>
        <p>
          {disagreements.length === 0
            ? `All ${number(total)} facts agree with what the rules give.`
            : `${number(disagreements.length)} of ${count(total, "fact")} do not agree with what the rules give.`}
        </p>
        {notRecomputed > 0 && (
          <p>{count(notRecomputed, "fact")} could only be read, not derived again; the table says why.</p>
        )}
      </Notice>
      {disagreements.length > 0 && <Checks caption="Disagreements" checks={disagreements} />}
      {checks.length > 0 && <Checks caption="Facts of this round" checks={checks} />}
    </>
  );
}

const MOST_ROWS = 400;

function Checks({
  caption,
  checks,
}: {
  readonly caption: string;
  readonly checks: readonly Check[];
}): ReactElement {
  return (
    <>
      <h3>{caption}</h3>
      <Table caption={caption} head={["What", "About", "By the rules", "On the chain", "", "Event"]}>
        {checks.slice(0, MOST_ROWS).map((check, index) => (
          <tr key={index}>
            <th scope="row">{check.kind}</th>
            <td>{check.subject}</td>
            <td>
              <code className="long">{check.expected.slice(0, 90)}</code>
            </td>
            <td>
              <code className="long">{check.found.slice(0, 90)}</code>
            </td>
            <td>
              {check.recomputed ? (
                <Badge tone={check.agrees ? "good" : "bad"}>{check.agrees ? "agrees" : "differs"}</Badge>
              ) : (
                <Badge tone="wait">only read</Badge>
              )}
            </td>
            <td>
              {check.transaction !== undefined && (
                <Link to="/audit" search={{ text: check.transaction }}>
                  block {check.block}
                </Link>
              )}
            </td>
          </tr>
        ))}
      </Table>
      {checks.length > MOST_ROWS && <p className="card-note">and {checks.length - MOST_ROWS} more</p>}
    </>
  );
}
