import type { ReactElement } from "react";
import { ScoreKind, Strategy } from "@concordat/protocol/contracts/enums";
import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import { number, ratio } from "#ui/format.ts";
import { columnsOf } from "./columns.ts";
import type { Opening, TaskRecord } from "@concordat/protocol/history/federationState";

/** Mean and variance over the candidates: the two curves that the strategies look at. */
export function RoundCurves({
  task,
  opening,
}: {
  readonly task: TaskRecord;
  readonly opening: Opening;
}): ReactElement {
  const { terms } = task;
  const alphas = alphaCandidates(terms);
  const { means, variances } = columnsOf([...opening.reports.values()], alphas.length);
  const accuracy = terms.scoreKind === ScoreKind.Accuracy;
  const byMean = terms.strategy === Strategy.ArgmaxMean;
  const shared = { alphas, chosen: opening.finalised?.index ?? 0 };
  return (
    <div className="grid-2">
      <Curve
        {...shared}
        title={`Mean ${accuracy ? "accuracy, %" : "error"}${byMean ? ` (the ${accuracy ? "greatest" : "least"} is chosen)` : ""}`}
        values={means.map((mean) => (accuracy ? mean / 100 : mean))}
      />
      <Curve
        {...shared}
        title={`Variance${accuracy ? ", %²" : ""}${byMean ? "" : " (the least is chosen)"}`}
        values={variances.map((variance) => (accuracy ? variance / 10_000 : variance))}
      />
    </div>
  );
}

const WIDTH = 420;
const HEIGHT = 150;
const PAD = { left: 46, right: 12, top: 10, bottom: 22 };

interface CurveProps {
  readonly title: string;
  readonly alphas: readonly number[];
  readonly values: readonly number[];
  readonly chosen: number;
}

function Curve({ title, alphas, values, chosen }: CurveProps): ReactElement {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const spread = greatest - least || 1;
  const x = (index: number): number =>
    PAD.left + (index / Math.max(1, values.length - 1)) * (WIDTH - PAD.left - PAD.right);
  const y = (value: number): number =>
    HEIGHT - PAD.bottom - ((value - least) / spread) * (HEIGHT - PAD.top - PAD.bottom);
  const path = values.map(
    (value, index) => `${index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`,
  );
  const summary = `${title}: from ${number(values[0] ?? 0)} at alpha ${ratio(alphas[0] ?? 0)} to ${number(values.at(-1) ?? 0)} at alpha ${ratio(alphas.at(-1) ?? 0)}`;
  return (
    <figure className="stack-tight">
      <figcaption className="card-note">{title}</figcaption>
      <svg className="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary}>
        <line
          className="axis"
          x1={PAD.left}
          x2={WIDTH - PAD.right}
          y1={HEIGHT - PAD.bottom}
          y2={HEIGHT - PAD.bottom}
        />
        {chosen > 0 && (
          <line
            className="chosen"
            x1={x(chosen - 1)}
            x2={x(chosen - 1)}
            y1={PAD.top}
            y2={HEIGHT - PAD.bottom}
          />
        )}
        <path className="line" d={path.join("")} />
        {values.map((value, index) => (
          <circle
            key={index}
            className="mark"
            cx={x(index)}
            cy={y(value)}
            r={index + 1 === chosen ? 5 : 2.5}
          />
        ))}
        <text x={PAD.left - 6} y={y(greatest) + 4} textAnchor="end">
          {number(Math.round(greatest * 100) / 100)}
        </text>
        {greatest !== least && (
          <text x={PAD.left - 6} y={y(least) + 4} textAnchor="end">
            {number(Math.round(least * 100) / 100)}
          </text>
        )}
        {alphas.map((alpha, index) =>
          index === 0 || index === alphas.length - 1 || index + 1 === chosen ? (
            <text key={index} x={x(index)} y={HEIGHT - 6} textAnchor="middle">
              {ratio(alpha)}
            </text>
          ) : null,
        )}
      </svg>
    </figure>
  );
}
