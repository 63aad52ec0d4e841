import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import { isAddress } from "viem";
import { useFederation } from "#chain/useFederation.ts";
import { eventId, fieldText, fieldsOf } from "#events/eventText.ts";
import { Account, Copy, Hash } from "#ui/Account.tsx";
import { ExplorerLink } from "#ui/ExplorerLink.tsx";
import { Moment } from "#ui/Moment.tsx";
import { Icon } from "#ui/icons.tsx";
import { Badge } from "#ui/parts.tsx";
import { Said } from "#ui/Said.tsx";
import type { ConcordatEvent as ChainEvent } from "@concordat/protocol/events/concordatEvent";

/** Fields that are told in the row's first line. */
const SHORT = 4;

/** One event: in a line, and with all its fields once it is opened. */
export function EventRow({
  event,
  open = false,
}: {
  readonly event: ChainEvent;
  readonly open?: boolean;
}): ReactElement {
  const [opened, setOpened] = useState(open);
  const fields = fieldsOf(event);
  const short = fields
    .filter(([, value]) => typeof value !== "object" && String(value).length < 14)
    .slice(0, SHORT);
  return (
    <li>
      <details open={opened} onToggle={({ currentTarget }) => setOpened(currentTarget.open)}>
        <summary>
          <span className="event-block">block {event.place.blockNumber}</span>
          <strong>{event.name}</strong>
          <Badge>{event.contract}</Badge>
          <span className="card-note">
            <Said text={short.map(([name, value]) => `${name} ${fieldText(value)}`).join(", ")} />
          </span>
        </summary>
        {opened && <Whole event={event} />}
      </details>
    </li>
  );
}

function Whole({ event }: { readonly event: ChainEvent }): ReactElement {
  const { store } = useFederation();
  const { blockNumber, transactionHash, logIndex } = event.place;
  const block = useQuery({
    queryKey: ["block time", store.network.chainId, blockNumber],
    staleTime: Infinity,
    queryFn: async () =>
      Number((await store.client.getBlock({ blockNumber: BigInt(blockNumber) })).timestamp),
  });
  return (
    <dl className="terms">
      <div>
        <dt>When</dt>
        <dd>
          {block.data === undefined ? "…" : <Moment at={block.data} />} in{" "}
          <ExplorerLink kind="block" id={blockNumber}>
            block {blockNumber}
          </ExplorerLink>
        </dd>
      </div>
      <div>
        <dt>Transaction</dt>
        <dd>
          <Hash value={transactionHash} what="transaction hash" />, log {logIndex}
        </dd>
      </div>
      {fieldsOf(event).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Field value={value} />
          </dd>
        </div>
      ))}
      <div>
        <dt>Permanent link</dt>
        <dd>
          <Link to="/audit" search={{ event: eventId(event) }}>
            <Icon name="link" /> to this event
          </Link>
        </dd>
      </div>
    </dl>
  );
}

function Field({ value }: { readonly value: unknown }): ReactElement {
  const text = fieldText(value);
  if (typeof value === "string" && isAddress(value)) return <Account address={value} />;
  if (text.length <= 80) {
    return (
      <code>
        <Said text={text} />
      </code>
    );
  }
  return (
    <span className="account">
      <Said text={text} most={400} />
      <Copy text={text} what="value" />
    </span>
  );
}
