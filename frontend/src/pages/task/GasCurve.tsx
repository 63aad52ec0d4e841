import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ReactElement } from "react";
import { Failed } from "#app/Failed.tsx";
import { LineChart } from "#charts/LineChart.tsx";
import { useFederation } from "#chain/useFederation.ts";
import { Button, Card } from "#ui/parts.tsx";
import { finalisedOpenings } from "@concordat/protocol/history/rounds";
import type { TaskRecord } from "@concordat/protocol/history/federationState";

/** Gas of the transaction that finalised each round: what the contract spends, whatever the number of nodes. */
export function GasCurve({ task }: { readonly task: TaskRecord }): ReactElement {
  const { store } = useFederation();
  const [wanted, setWanted] = useState(false);
  const places = finalisedOpenings(task).flatMap(({ round, finalised }) =>
    finalised === undefined ? [] : [{ round, hash: finalised.place.transactionHash }],
  );
  const query = useQuery({
    queryKey: ["finalising gas", store.network.chainId, places],
    enabled: wanted,
    staleTime: Infinity,
    placeholderData: (previous) => previous,
    queryFn: async () => {
      const receipts = await Promise.all(
        places.map(({ hash }) => store.client.getTransactionReceipt({ hash })),
      );
      return {
        rounds: places.map(({ round }) => round),
        lines: [{ label: "gas", values: receipts.map(({ gasUsed }) => Number(gasUsed)), strong: true }],
      };
    },
  });
  return (
    <Card title="Gas">
      {!wanted && (
        <>
          <p className="card-note">
            The gas of the transaction that finalised each round stands in its receipt.
          </p>
          <Button onClick={() => setWanted(true)}>Read {places.length} receipts</Button>
        </>
      )}
      {query.error !== null && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && (
        <LineChart
          title="Gas of the finalising transaction"
          unit="gas"
          xs={query.data.rounds}
          xLabel="round"
          lines={query.data.lines}
        />
      )}
    </Card>
  );
}
