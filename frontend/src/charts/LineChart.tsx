import { useEffect, useRef, useState } from "react";
import type { CSSProperties, ReactElement } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { figure } from "../ui/format.ts";
import { Table } from "../ui/parts.tsx";

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly strong?: boolean;
  /** Number of the node that it is about: a node has one colour in every chart. */
  readonly node?: number;
}

interface LineChartProps {
  readonly title: string;
  readonly unit: string;
  /** Shared x values, e.g. rounds. */
  readonly xs: readonly number[];
  readonly xLabel: string;
  readonly lines: readonly Line[];
}

const HEIGHT = 240;
/** Rounds are whole numbers. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000];
/** Lines with a name of their own; beyond, colours would not tell them apart. */
const MOST_NAMED = 12;

/** Lines over rounds, drawn on a canvas so that hundreds of rounds and lines stay smooth. */
export function LineChart({ title, unit, xs, xLabel, lines }: LineChartProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number>();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    // Asked for at each drawing, since they are others in the dark.
    const style = getComputedStyle(element);
    const ink = (): string => style.color;
    const grid = (): string => style.borderBottomColor;
    const shade = (): string => style.textDecorationColor;
    // The later lies above the earlier: what has a name above what has none, the strong line on top.
    const unnamed = lines.slice(MOST_NAMED);
    const named = lines.slice(0, MOST_NAMED).toReversed();
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        hooks: {
          setCursor: [
            ({ cursor: { idx, left = -1 } }) => {
              setPointed(idx === null || idx === undefined || left < 0 ? undefined : idx);
            },
          ],
        },
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: xLabel, incrs: WHOLE_STEPS },
          { ...axis, label: unit, size: 64, values: (_chart, splits) => splits.map(figure) },
        ],
        series: [
          {},
          ...unnamed.map(({ label }) => ({ label, stroke: shade, width: 1, points: { show: false } })),
          ...named.map(({ label, strong = false, node = 0 }) => ({
            label,
            stroke: strong ? ink : colourOf(node),
            width: strong ? 3 : 1.5,
            points: { show: xs.length < 30 },
          })),
        ],
      },
      [xs as number[], ...[...unnamed, ...named].map(({ values }) => values as (number | null)[])],
      element,
    );
    const redraw = (): void => chart.redraw(false);
    element.addEventListener("transitionend", redraw);
    const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      element.removeEventListener("transitionend", redraw);
      chart.destroy();
    };
  }, [xs, xLabel, lines, unit]);
  const named = lines.slice(0, MOST_NAMED);
  return (
    <figure className="stack-tight">
      <figcaption className="card-note">{title}</figcaption>
      <div ref={place} className="chart" role="img" aria-label={summary(title, unit, xs, lines)} />
      <p className="chart-values" role="status">
        {pointed === undefined || xs[pointed] === undefined ? (
          <span className="card-note">Point at a {xLabel}, or tap it, to see its values.</span>
        ) : (
          <Pointed index={pointed} xs={xs} xLabel={xLabel} unit={unit} lines={named} />
        )}
      </p>
      {lines.length > 1 && (
        <div className="chart-legend">
          {named.map(({ label, strong = false, node = 0 }) => (
            <span
              key={label}
              style={{ "--swatch": strong ? "currentColor" : colourOf(node) } as CSSProperties}
            >
              {label}
            </span>
          ))}
          {lines.length > named.length && `and ${lines.length - named.length} more, in grey`}
        </div>
      )}
      <Values title={title} xs={xs} xLabel={xLabel} lines={named} />
    </figure>
  );
}

/** The values at the x that the pointer is over. */
function Pointed({
  index,
  xs,
  xLabel,
  unit,
  lines,
}: Omit<LineChartProps, "title"> & { readonly index: number }): ReactElement {
  const told = lines.flatMap(({ label, values }) => {
    const value = values[index];
    return value === null || value === undefined ? [] : [`${label} ${figure(value)}`];
  });
  return (
    <>
      {xLabel} {xs[index]}: {told.length === 0 ? "no value" : told.join(", ")} ({unit})
    </>
  );
}

/** The lines as a table, newest first, for those who do not see them or want a number; made once it is opened. */
function Values({ title, xs, xLabel, lines }: Omit<LineChartProps, "unit">): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="card-note">As a table</summary>
      {open && (
        <Table caption={title} head={[xLabel, ...lines.map(({ label }) => label)]}>
          {xs
            .map((x, index) => (
              <tr key={x}>
                <th scope="row">{x}</th>
                {lines.map(({ label, values }) => {
                  const value = values[index];
                  return <td key={label}>{value === null || value === undefined ? "–" : figure(value)}</td>;
                })}
              </tr>
            ))
            .toReversed()}
        </Table>
      )}
    </details>
  );
}

/** Hues a golden angle apart, of a lightness that reads on both backgrounds. */
function colourOf(node: number): string {
  return `hsl(${(175 + node * 137.5) % 360} 48% 48%)`;
}

function summary(title: string, unit: string, xs: readonly number[], lines: readonly Line[]): string {
  const last = lines.slice(0, MOST_NAMED).map(({ label, values }) => `${label} ${values.at(-1) ?? "none"}`);
  return `${title} in ${unit} over ${xs.length} points. At the end: ${last.join(", ")}`;
}
