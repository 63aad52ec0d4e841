import type { CSSProperties, ReactElement } from "react";
import { ScoreKind } from "@concordat/protocol/contracts/enums";
import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import { number, ratio } from "#ui/format.ts";
import { NodeLink } from "./NodeLink.tsx";
import { columnsOf } from "./columns.ts";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

/** The round's table of scores: a row for each node, a column for each candidate of alpha; darker is better. */
export function HeatMap({
  task,
  opening,
}: {
  readonly task: TaskRecord;
  readonly opening: Opening;
}): ReactElement {
  const { terms } = task;
  const alphas = alphaCandidates(terms);
  const rows = [...opening.reports.values()].toSorted((a, b) => a.nodeId - b.nodeId);
  const chosen = opening.finalised?.index ?? 0;
  const scores = rows.flatMap((row) => row.scores);
  const [least, greatest] = [Math.min(...scores), Math.max(...scores)];
  const accuracy = terms.scoreKind === ScoreKind.Accuracy;
  const heat = (score: number): number => {
    const share = greatest === least ? 0.5 : (score - least) / (greatest - least);
    return accuracy ? share : 1 - share;
  };
  const show = (score: number): string => (accuracy ? (score / 100).toFixed(1) : number(score));
  const { means, deviations } = columnsOf(rows, alphas.length);
  return (
    <div className="table-scroll" role="region" aria-label="Accuracy table" tabIndex={0}>
      <table className="heat">
        <caption className="visually-hidden">
          Scores by node and candidate of alpha{accuracy ? ", in percent" : ", as scaled errors"}
        </caption>
        <thead>
          <tr>
            <th scope="col">{accuracy ? "% at alpha" : "Error at alpha"}</th>
            {alphas.map((alpha, index) => (
              <th key={index} scope="col" data-chosen={index + 1 === chosen}>
                {ratio(alpha)}
                {index + 1 === chosen && <span className="visually-hidden"> (chosen)</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.nodeId}>
              <th scope="row">
                <NodeLink nodeId={row.nodeId} />
              </th>
              {row.scores.map((score, index) => (
                <td
                  key={index}
                  data-chosen={index + 1 === chosen}
                  style={{ "--heat": heat(score).toFixed(2) } as CSSProperties}
                >
                  {show(score)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <Foot label="Mean" values={means.map(show)} chosen={chosen} />
          <Foot label="Deviation" values={deviations.map(show)} chosen={chosen} />
        </tfoot>
      </table>
    </div>
  );
}

function Foot({
  label,
  values,
  chosen,
}: {
  readonly label: string;
  readonly values: readonly string[];
  readonly chosen: number;
}): ReactElement {
  return (
    <tr>
      <th scope="row">{label}</th>
      {values.map((value, index) => (
        <th key={index} scope="col" data-chosen={index + 1 === chosen}>
          {value}
        </th>
      ))}
    </tr>
  );
}
