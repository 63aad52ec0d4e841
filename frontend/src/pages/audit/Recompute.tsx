import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { ReactElement } from "react";
import type { Check } from "@concordat/audit/checks";
import { missingWords } from "@concordat/audit/missingWords";
import { useFederation, useFederationState } from "#chain/useFederation.ts";
import { useGateways } from "#artifacts/useGateways.ts";
import { CheckField } from "#ui/Field.tsx";
import { count, number } from "#ui/format.ts";
import { Badge, Button, Card, Notice, Table } from "#ui/parts.tsx";
import { Said } from "#ui/Said.tsx";
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
      {answer?.kind === "done" && <Outcome answer={answer} subject={subject} />}
    </Card>
  );
}

function Outcome({
  answer,
  subject,
}: {
  readonly subject: string;
  readonly answer: Extract<AuditAnswer, { readonly kind: "done" }>;
}): ReactElement {
  const { total, notRecomputed, missing, onlyRead, disagreements, checks, toBlock } = answer;
  const derived = total - notRecomputed;
  const tone = disagreements.length > 0 ? "bad" : derived === 0 || missing.length > 0 ? "wait" : "good";
  return (
    <>
      <Notice tone={tone}>
        <p>
          {disagreements.length > 0
            ? `${number(disagreements.length)} of ${count(total, "fact")} do not agree with what the rules give.`
            : derived === 0
              ? "There was no fact that could be computed again."
              : missing.length > 0
                ? "Nothing disagrees, but not everything could be recomputed."
                : `All ${number(derived)} facts agree with what the rules give.`}
        </p>
        <p>
          About {subject}, up to block {number(toBlock)}.
          {notRecomputed > 0 &&
            ` ${count(notRecomputed, "more fact")} could only be read, not derived again: the last table says why.`}
        </p>
        {missingWords(missing).map((words) => (
          <p key={words}>
            <Said text={words} most={500} />.
          </p>
        ))}
      </Notice>
      {disagreements.length > 0 && <Checks caption="Disagreements" checks={disagreements} />}
      {checks.length > 0 && <Checks caption="Facts of this round" checks={checks} />}
      {onlyRead.length > 0 && (
        <Checks caption="Facts that could only be read" checks={onlyRead} total={notRecomputed} />
      )}
    </>
  );
}

const MOST_ROWS = 400;

function Checks({
  caption,
  checks,
  total = checks.length,
}: {
  readonly caption: string;
  readonly checks: readonly Check[];
  /** How many there are, where these are the first of them. */
  readonly total?: number;
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
              <code className="long">
                <Said text={check.expected} most={160} />
              </code>
            </td>
            <td>
              <code className="long">
                <Said text={check.found} most={160} />
              </code>
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
      {total > Math.min(checks.length, MOST_ROWS) && (
        <p className="card-note">and {total - Math.min(checks.length, MOST_ROWS)} more</p>
      )}
    </>
  );
}
