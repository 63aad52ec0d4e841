import { Link, useSearch } from "@tanstack/react-router";
import { Suspense, lazy, useState } from "react";
import type { ReactElement } from "react";
import { ratio } from "#ui/format.ts";
import { Moment } from "#ui/Moment.tsx";
import { Button, Card, Empty, Notice, Table } from "#ui/parts.tsx";
import { scoreWords } from "./scoreWords.ts";
import { Outcome } from "./Outcome.tsx";
import { meanScore } from "@concordat/protocol/history/rounds";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

const RoundDetail = lazy(async () => ({ default: (await import("./RoundDetail.tsx")).RoundDetail }));

/** Rows of the list before a reader asks for more. */
const FIRST_ROWS = 20;

/** Every round and retry, newest first, and the whole record of one. */
export function RoundsTab({ task }: { readonly task: TaskRecord }): ReactElement {
  const { round, retry } = useSearch({ from: "/tasks/$taskId" });
  const [rows, setRows] = useState(FIRST_ROWS);
  const openings = task.openings.toReversed();
  if (openings.length === 0) {
    return (
      <Empty>
        <p>No round has been opened yet.</p>
      </Empty>
    );
  }
  const chosen =
    round === undefined
      ? undefined
      : openings.find((each) => each.round === round && (retry === undefined || each.retry === retry));
  return (
    <div className="stack">
      {round !== undefined && chosen === undefined && (
        <Notice tone="wait">
          <p>
            This task has opened no round {round}
            {retry !== undefined && ` with retry ${retry}`}
            {round > task.terms.rounds
              ? `; its terms allow ${task.terms.rounds}.`
              : ", or not yet: the list has all there are."}
          </p>
        </Notice>
      )}
      {chosen !== undefined && (
        <Suspense fallback={<p className="card-note">Loading…</p>}>
          <RoundDetail task={task} opening={chosen} key={`${chosen.round}-${chosen.retry}`} />
        </Suspense>
      )}
      <Card title="All rounds">
        <Table
          caption="All rounds"
          head={["Round", "Opened", "Outcome", "Alpha", "Mean score", "Updates", "Tables"]}
        >
          {openings.slice(0, rows).map((opening) => (
            <Row key={`${opening.round}-${opening.retry}`} task={task} opening={opening} />
          ))}
        </Table>
        {rows < openings.length && (
          <Button onClick={() => setRows(rows + 100)}>Show more ({openings.length - rows} left)</Button>
        )}
      </Card>
    </div>
  );
}

function Row({ task, opening }: { readonly task: TaskRecord; readonly opening: Opening }): ReactElement {
  const { round, retry, finalised } = opening;
  const mean = finalised === undefined ? undefined : meanScore(finalised);
  return (
    <tr>
      <th scope="row">
        <Link
          to="/tasks/$taskId"
          params={{ taskId: String(task.taskId) }}
          search={{ tab: "rounds", round, ...(retry > 0 && { retry }) }}
        >
          {round}
          {retry > 0 && `, retry ${retry}`}
        </Link>
      </th>
      <td>
        <Moment at={opening.openedAt} />
      </td>
      <td>
        <Outcome opening={opening} />
      </td>
      <td>{finalised === undefined ? "–" : ratio(finalised.alphaBps)}</td>
      <td>{mean === undefined ? "–" : scoreWords(task.terms, mean)}</td>
      <td>
        {opening.updates.size} of {opening.active.length}
      </td>
      <td>
        {opening.reports.size} of {opening.active.length}
      </td>
    </tr>
  );
}
