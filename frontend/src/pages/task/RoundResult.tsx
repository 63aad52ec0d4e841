import type { ReactElement } from "react";
import { AlphaOrigin } from "@concordat/protocol/contracts/enums";
import { count, percent, ratio } from "#ui/format.ts";
import { Facts } from "#ui/parts.tsx";
import { NodeNames } from "./NodeLink.tsx";
import { scoreWords } from "./scoreWords.ts";
import { meanScore } from "@concordat/protocol/history/rounds";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

/** The outcome of a finalised round in figures. */
export function RoundResult({
  task,
  opening,
}: {
  readonly task: TaskRecord;
  readonly opening: Opening;
}): ReactElement {
  const { finalised, proposals } = opening;
  const proposal = proposals.at(-1);
  if (finalised === undefined) return <></>;
  const { index, reports, sums } = finalised;
  const mean = meanScore(finalised);
  const nodesOf = (memberIds: readonly number[]): number[] =>
    memberIds.flatMap((memberId) => task.members.get(memberId)?.nodeId ?? []);
  return (
    <>
      <Facts
        facts={[
          ["Alpha", ratio(finalised.alphaBps)],
          [
            "How alpha was chosen",
            finalised.origin === AlphaOrigin.Negotiated
              ? `candidate ${index} of ${sums.length}`
              : "kept: no quorum of tables",
          ],
          ["Mean score at that alpha", mean === undefined ? "none" : scoreWords(task.terms, mean)],
          ["Score tables", `${reports} of ${opening.active.length}`],
          ["Updates accepted", `${proposal?.accepted.length ?? 0} of ${opening.updates.size}`],
          ["Quorum", `${count(opening.quorum, "node")} (${percent(task.terms.quorumBps)})`],
        ]}
      />
      {proposal !== undefined && proposal.rejected.length > 0 && (
        <p className="row">
          Rejected: <NodeNames nodeIds={nodesOf(proposal.rejected)} />
        </p>
      )}
    </>
  );
}
