import { parse, View, type Spec } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { deviationOf, meanOf } from "./statistics.ts";
import { accuracies, type SeedAccuracy } from "./accuracy.ts";
import type { Results } from "./collect.ts";

/** The plots as SVG by file name; one that would be empty is left out. */
export async function plotFiles(
  results: Results,
  schemes: readonly string[],
  lastRound: number,
): Promise<Readonly<Record<string, string>>> {
  const rows = accuracies(results);
  const clean = aggregated(rows.filter(({ split }) => split === "test"));
  const skew = aggregated(rows.filter(({ round }) => round === lastRound));
  const alphas = aggregatedBy(
    results.alphas.map(({ scheme, round, alpha }) => ({ scheme, x: round, value: alpha })),
  );
  const files: Record<string, string> = {};
  if (clean.length > 0) {
    files["accuracy.svg"] = await lines(clean, schemes, {
      x: "round",
      y: "accuracy on clean test images, %",
    });
  }
  if (skew.some(({ x }) => x > 0)) {
    files["skew.svg"] = await lines(skew, schemes, {
      x: "skew level, %",
      y: `accuracy after round ${lastRound}, %`,
    });
  }
  if (alphas.length > 0) files["alpha.svg"] = await lines(alphas, schemes, { x: "round", y: "alpha" });
  return files;
}

/** A point of a line with its band over seeds. */
interface Point {
  readonly scheme: string;
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Clean rows by round; rows of one round with several splits by skew level, 0 being the clean split. */
function aggregated(rows: readonly SeedAccuracy[]): readonly Point[] {
  const isOneRound = new Set(rows.map(({ round }) => round)).size === 1;
  const levelOf = (split: string) => Number.parseFloat(split.replace("skew ", "")) || 0;
  return aggregatedBy(
    rows.map(({ scheme, round, split, accuracy }) => ({
      scheme,
      x: isOneRound ? levelOf(split) : round,
      value: accuracy,
    })),
  );
}

function aggregatedBy(
  rows: readonly { readonly scheme: string; readonly x: number; readonly value: number }[],
): readonly Point[] {
  const groups = Map.groupBy(rows, ({ scheme, x }) => JSON.stringify([scheme, x]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const values = group.map(({ value }) => value);
    const mean = meanOf(values);
    const deviation = values.length < 2 ? 0 : deviationOf(values);
    return [{ scheme: first.scheme, x: first.x, mean, low: mean - deviation, high: mean + deviation }];
  });
}

/** Lines of means with a band of one standard deviation over seeds. */
async function lines(
  points: readonly Point[],
  schemes: readonly string[],
  titles: { readonly x: string; readonly y: string },
): Promise<string> {
  const shown = schemes.filter((scheme) => points.some((point) => point.scheme === scheme));
  // Every scheme keeps its colour in all plots of an experiment.
  const colour = {
    field: "scheme",
    type: "nominal",
    title: null,
    scale: { scheme: "tableau20", domain: schemes },
    legend: { values: shown, symbolOpacity: 1, symbolType: "circle", labelLimit: 400 },
  };
  const x = { field: "x", type: "quantitative", title: titles.x, axis: { tickMinStep: 1 } };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    width: 560,
    height: 340,
    data: { values: points },
    layer: [
      {
        mark: { type: "area", opacity: 0.12 },
        encoding: {
          x,
          y: { field: "low", type: "quantitative", title: titles.y, scale: { zero: false } },
          y2: { field: "high" },
          color: colour,
        },
      },
      {
        mark: { type: "line", point: { size: 16 } },
        encoding: {
          x,
          y: { field: "mean", type: "quantitative", title: titles.y, scale: { zero: false } },
          color: colour,
        },
      },
    ],
  };
  const view = new View(parse(compile(spec as unknown as TopLevelSpec).spec as Spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}
