import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { ReactElement } from "react";
import { WhenRead } from "../app/WhenRead.tsx";
import { useTitle } from "../app/useTitle.ts";
import { useFederation, useFederationState } from "../chain/useFederation.ts";
import { count } from "../ui/format.ts";
import { SelectField, TextField } from "../ui/Field.tsx";
import { Button, Card, Empty, PageHead } from "../ui/parts.tsx";
import type { AuditSearch } from "./audit/auditSearch.ts";
import { matches } from "./audit/auditSearch.ts";
import { EventRow } from "./audit/EventRow.tsx";
import { saveEventsCsv, saveEventsJson } from "./audit/exportEvents.ts";
import { IndexOffer } from "./audit/IndexOffer.tsx";
import { Recompute } from "./audit/Recompute.tsx";
import { ABIS, CONTRACT_NAMES } from "@concordat/protocol/events/contracts";

const FIRST_ROWS = 50;

/** Every event of the deployment, and every decision computed again. */
export function AuditPage(): ReactElement {
  const search = useSearch({ from: "/audit" });
  const { federation, version } = useFederationState();
  const { store } = useFederation();
  useTitle(
    search.round === undefined ? undefined : `Round ${search.round}`,
    search.task === undefined ? undefined : `Task ${search.task}`,
    "Audit",
  );
  const [rows, setRows] = useState(FIRST_ROWS);
  const events = useMemo(
    () => federation.events.filter((event) => matches(event, search)).toReversed(),
    // The list grows in place: the version stands for it.
    // oxlint-disable-next-line react/memo-dependencies, react-hooks/exhaustive-deps
    [federation, version, search],
  );
  const { indexUrl } = store.network;
  return (
    <div className="stack">
      <PageHead
        title="Audit"
        lead="Everything that was ever decided stands in these events. Compute any decision again: in this page, with the same rules as the contracts’, trusting nobody but the chain."
      />
      <WhenRead>
        <Recompute
          // A verdict is about what it was asked of: beside anything else it does not stand.
          key={`${store.network.chainId}/${search.task}/${search.round}`}
          taskId={search.task}
          round={search.round}
        />
        {indexUrl !== undefined && <IndexOffer url={indexUrl} />}
        <Card
          title={count(events.length, "event")}
          aside={
            <span className="row">
              <Button small onClick={() => saveEventsCsv(events)}>
                Save as CSV
              </Button>
              <Button small onClick={() => saveEventsJson(events)}>
                Save as JSON
              </Button>
            </span>
          }
        >
          {search.event === undefined ? (
            <Filters search={search} />
          ) : (
            <p>
              One event, by its permanent link. <Link to="/audit">See all events</Link>
            </p>
          )}
          {events.length === 0 ? (
            <Empty>
              <p>No events match these filters.</p>
            </Empty>
          ) : (
            <ul className="events">
              {events.slice(0, rows).map((event) => (
                <EventRow
                  key={`${event.place.blockNumber}-${event.place.logIndex}`}
                  event={event}
                  open={search.event !== undefined}
                />
              ))}
            </ul>
          )}
          {rows < events.length && (
            <Button onClick={() => setRows(rows + 200)}>Show more ({events.length - rows} left)</Button>
          )}
        </Card>
      </WhenRead>
    </div>
  );
}

function Filters({ search }: { readonly search: AuditSearch }): ReactElement {
  const navigate = useNavigate();
  const change = (part: AuditSearch): void => {
    void navigate({ to: "/audit", search: { ...search, ...part }, replace: true });
  };
  const names = eventNames(search.contract);
  const numeric = (label: string, field: "task" | "round" | "node"): ReactElement => (
    <TextField
      label={label}
      inputMode="numeric"
      value={search[field] ?? ""}
      onChange={({ target }) =>
        change({ [field]: /^\d+$/.test(target.value) ? Number(target.value) : undefined })
      }
    />
  );
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()} aria-label="Filter events">
      <SelectField
        label="Contract"
        value={search.contract ?? ""}
        options={[["", "All"], ...CONTRACT_NAMES.map((name) => [name, name] as const)]}
        onChange={(value) => change({ contract: value === "" ? undefined : value, name: undefined })}
      />
      <SelectField
        label="Event"
        value={search.name ?? ""}
        options={[["", "All"], ...names.map((name) => [name, name] as const)]}
        onChange={(value) => change({ name: value === "" ? undefined : value })}
      />
      {numeric("Task", "task")}
      {numeric("Round", "round")}
      {numeric("Node", "node")}
      <TextField
        label="Text"
        value={search.text ?? ""}
        placeholder="account, digest, transaction"
        onChange={({ target }) => change({ text: target.value === "" ? undefined : target.value })}
      />
    </form>
  );
}

function eventNames(contract: AuditSearch["contract"]): readonly string[] {
  const contracts = contract === undefined ? CONTRACT_NAMES : [contract];
  return contracts
    .flatMap((name) => ABIS[name] as readonly { readonly type: string; readonly name?: string }[])
    .flatMap(({ type, name }) => (type === "event" && name !== undefined ? [name] : []))
    .toSorted();
}
