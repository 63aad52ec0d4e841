import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import type { Hex } from "viem";
import { Failed } from "#app/Failed.tsx";
import { useFederation } from "#chain/useFederation.ts";
import { number } from "#ui/format.ts";
import { Button, Card, Table } from "#ui/parts.tsx";
import type { EventPlace } from "@concordat/protocol/events/concordatEvent";
import type { Opening } from "@concordat/protocol/history/federationState";

/** What the round cost, by kind of transaction. Receipts are only asked for when a reader wants to know. */
export function RoundGas({ opening }: { readonly opening: Opening }): ReactElement {
  const { store } = useFederation();
  const [wanted, setWanted] = useState(false);
  const groups = transactionsOf(opening);
  const query = useQuery({
    queryKey: ["gas", store.network.chainId, groups.map(([, hashes]) => hashes)],
    enabled: wanted,
    staleTime: Infinity,
    queryFn: async () =>
      Promise.all(
        groups.map(async ([kind, hashes]) => {
          const receipts = await Promise.all(
            hashes.map((hash) => store.client.getTransactionReceipt({ hash })),
          );
          const gas = receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
          return { kind, transactions: hashes.length, gas };
        }),
      ),
  });
  const total = query.data?.reduce((sum, { gas }) => sum + gas, 0n);
  return (
    <Card
      title="Gas"
      aside={
        !wanted && (
          <Button small onClick={() => setWanted(true)}>
            Read the receipts
          </Button>
        )
      }
      note={wanted && query.isPending ? "Reading the receipts…" : undefined}
    >
      {query.error !== null && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && (
        <Table caption="Gas by kind of transaction" head={["What", "Transactions", "Gas", "Gas each"]}>
          {query.data.map(({ kind, transactions, gas }) => (
            <tr key={kind}>
              <th scope="row">{kind}</th>
              <td>{transactions}</td>
              <td>{number(gas)}</td>
              <td>{transactions === 0 ? "–" : number(gas / BigInt(transactions))}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">Whole round</th>
            <td>{query.data.reduce((sum, { transactions }) => sum + transactions, 0)}</td>
            <td>{number(total ?? 0n)}</td>
            <td>–</td>
          </tr>
        </Table>
      )}
    </Card>
  );
}

/** The round's transactions by what they did first. */
function transactionsOf(opening: Opening): readonly (readonly [kind: string, hashes: readonly Hex[]])[] {
  const seen = new Set<Hex>();
  const fresh = (places: Iterable<EventPlace>): Hex[] =>
    [...places].flatMap(({ transactionHash }) => {
      if (seen.has(transactionHash)) return [];
      seen.add(transactionHash);
      return [transactionHash];
    });
  return [
    ["Updates", fresh([...opening.updates.values()].map(({ place }) => place))],
    ["Aggregates", fresh(opening.proposals.map(({ place }) => place))],
    ["Score tables", fresh([...opening.reports.values()].map(({ place }) => place))],
    ["Other", fresh(opening.phases.slice(1).map(({ place }) => place))],
  ];
}
