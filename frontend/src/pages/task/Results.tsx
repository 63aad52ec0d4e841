import type { ReactElement } from "react";
import type { Hex } from "viem";
import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import { useToken } from "#chain/useToken.ts";
import { amount, count, ratio } from "#ui/format.ts";
import { Card, Facts, Table } from "#ui/parts.tsx";
import { NodeLink } from "./NodeLink.tsx";
import { scoreWords } from "./scoreWords.ts";
import { finalisedOpenings, meanScore, standings } from "@concordat/protocol/history/rounds";
import type { MemberRecord, Opening, TaskRecord } from "@concordat/protocol/history/federationState";

/** Alpha, in basis points, at which a mixture is the global model alone, and the node's own alone. */
const GLOBAL_ALONE = 0;
const OWN_ALONE = 10_000;

/**
 * What an ended task came to, by node: its last score at the chosen alpha, beside what the global model alone (FedAvg) and its
 * own alone (local training) scored where these were among the candidates, and what it earned.
 */
export function Results({ task }: { readonly task: TaskRecord }): ReactElement {
  const token = useToken(task.terms.rewardToken as Hex);
  const finalised = finalisedOpenings(task);
  const last = finalised.at(-1);
  if (last?.finalised === undefined) {
    return (
      <Card title="What it came to">
        <p>No round was finalised, so there is no model, and nothing was earned.</p>
      </Card>
    );
  }
  const mean = meanScore(last.finalised);
  const first = finalised[0]?.finalised;
  const firstMean = first === undefined ? undefined : meanScore(first);
  const alphas = alphaCandidates(task.terms);
  const [globalAt, ownAt] = [GLOBAL_ALONE, OWN_ALONE].map((alpha) =>
    alphas.findIndex((candidate) => candidate === alpha),
  ) as [number, number];
  const columns = [
    ["Score at the chosen alpha", (last.finalised.index || 0) - 1],
    ...(globalAt < 0 ? [] : [["Global model alone (FedAvg)", globalAt] as const]),
    ...(ownAt < 0 ? [] : [["Its own model alone (local)", ownAt] as const]),
  ] as const;
  const members = [...task.members.values()];
  const earned = members.reduce((sum, { memberId }) => sum + lastStanding(task, memberId).earned, 0n);
  return (
    <Card
      title="What it came to"
      note={`Scores are the nodes’ own, on their validation records, in round ${last.round}, the last one finalised.`}
    >
      <Facts
        large
        facts={[
          ["Mean score", mean === undefined ? "not negotiated" : scoreWords(task.terms, mean)],
          ["After round 1", firstMean === undefined ? "not negotiated" : scoreWords(task.terms, firstMean)],
          ["Alpha", ratio(last.finalised.alphaBps)],
          ["Earned by all nodes", earned === 0n ? "nothing" : amount(earned, token)],
        ]}
      />
      <Table
        caption="What it came to, by node"
        head={["Node", ...columns.map(([name]) => name), "Updates accepted", "Reputation", "Earned"]}
      >
        {members.map((member) => (
          <tr key={member.memberId}>
            <th scope="row">
              <NodeLink nodeId={member.nodeId} />
            </th>
            {columns.map(([name, index]) => (
              <td key={name}>{scoreAt(task, last, member, index)}</td>
            ))}
            <td>
              {task.recorded.filter(({ accepted }) => accepted.includes(member.memberId)).length} of{" "}
              {count(task.recorded.length, "round")}
            </td>
            <td>{lastStanding(task, member.memberId).reputation}</td>
            <td>{amount(lastStanding(task, member.memberId).earned, token)}</td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}

function lastStanding(
  task: TaskRecord,
  memberId: number,
): { readonly reputation: number; readonly earned: bigint } {
  return standings(task, memberId).at(-1) ?? { reputation: task.terms.reputationInitial, earned: 0n };
}

function scoreAt(task: TaskRecord, { reports }: Opening, { nodeId }: MemberRecord, index: number): string {
  const score = reports.get(nodeId)?.scores[index];
  return score === undefined ? "–" : scoreWords(task.terms, score);
}
