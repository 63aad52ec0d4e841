import { reportedRounds, type Experiment } from "../experiment.ts";
import type { NamedScheme } from "../schemes.ts";
import { accuracies, overSeeds, type SeedAccuracy } from "./accuracy.ts";
import type { Results } from "./collect.ts";
import { headroom } from "./headroom.ts";
import { deviationOf, meanOf, pairedTest } from "./statistics.ts";

/** What `tune` chose, and the mean validation accuracy of each value in percent. */
export interface Tuned {
  readonly parameter: "mu" | "lambda";
  readonly value: number;
  readonly trials: readonly {
    readonly value: number;
    /** Undefined where a run with this value diverged, which rules it out. */
    readonly accuracy: number | undefined;
  }[];
}

/** The results in words and tables, as Markdown. */
export function summary(
  experiment: Experiment,
  schemes: readonly NamedScheme[],
  results: Results,
  tuned: readonly Tuned[],
): string {
  const rows = accuracies(results);
  const rounds = reportedRounds(experiment);
  const parts = [
    `# ${experiment.name}`,
    experiment.description.trim(),
    introduction(experiment, results),
    divergedTable(experiment, results),
    ...tuned.map(tuningParagraph),
    ...rounds.map((round) => accuracyTable(experiment, schemes, results, rows, round)),
    comparisonTable(experiment, schemes, rows, rounds.at(-1) ?? 0),
    headroomTable(results, rounds, experiment.seeds.length),
    bytesTable(schemes, results),
    publishedTable(experiment, rows, rounds.at(-1) ?? 0),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function introduction(experiment: Experiment, { facts }: Results): string {
  const { data, model, training, rule, attackers, seeds, engine, variants } = experiment;
  const [fact] = facts.values();
  const shares = Object.entries(fact?.skews ?? {}).map(
    ([split, bps]) => `${split.replace("skew ", "")} is ${(bps / 100).toFixed(1)} %`,
  );
  const sentences = [
    `${data.dataset}, ${model} (${fact?.parameters ?? "?"} parameters), ${data.nodes} nodes, ${seeds.length} seeds, engine ` +
      `${engine}; SGD ${training.learningRate}, momentum ${training.momentum}, E = ${training.localEpochs}, B = ` +
      `${training.batchSize}; rule ${rule.name}${rule.f > 0 ? ` with f = ${rule.f}` : ""}.`,
    attackers.length === 0
      ? ""
      : `Attackers: ${attackers.map(({ kind, nodes }) => `${kind} by ${nodes.join(", ")}`).join("; ")}.`,
    attackers.length + variants.flatMap((variant) => variant.attackers ?? []).length === 0
      ? ""
      : "Accuracies are those of the honest nodes.",
    ...variants.map(({ name, ...changes }) => `Variant ${name}: ${settingsText(changes)}.`),
    "Accuracy in percent: mean over the nodes, then mean and standard deviation over seeds. All schemes of a seed share " +
      "partition, initial model and shuffles; alpha is negotiated on the validation split.",
    shares.length === 0 ? "" : `True share of foreign images in the skewed splits: ${shares.join(", ")}.`,
  ];
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

/** Settings as they stand in the file, on one line. */
function settingsText(settings: object): string {
  const text = JSON.stringify(settings).slice(1, -1).replaceAll('"', "").replaceAll(",", ", ");
  return text === "" ? "as above" : text.replaceAll(":", ": ");
}

function tuningParagraph({ parameter, value, trials }: Tuned): string {
  const list = trials
    .map((trial) => `${trial.value}: ${trial.accuracy?.toFixed(2) ?? "diverged"}`)
    .join(", ");
  return `Tuned on the validation split, on seeds of its own: ${parameter} = ${value} (${list}).`;
}

function accuracyTable(
  { seeds }: Experiment,
  schemes: readonly NamedScheme[],
  results: Results,
  rows: readonly SeedAccuracy[],
  round: number,
): string {
  const splits = splitsOf(rows);
  if (splits.length === 0) return "";
  const lines = schemes.map(({ label: scheme }) => {
    const cells = splits.map((split) =>
      spread(overSeeds(rows, { scheme, round, split }, seeds), seeds.length),
    );
    const alphas = results.alphas.filter((row) => row.scheme === scheme && row.round === round);
    const alpha = alphas.length === 0 ? "" : spread(alphas.map((row) => row.alpha));
    return `| ${[scheme, ...cells, alpha].join(" | ")} |`;
  });
  return [
    `## After ${round} rounds\n`,
    `| scheme | ${splits.map((split) => (split === "test" ? "clean" : split)).join(" | ")} | alpha |`,
    `| --- |${splits.map(() => " ---: |").join("")} ---: |`,
    ...lines,
  ].join("\n");
}

function comparisonTable(
  experiment: Experiment,
  schemes: readonly NamedScheme[],
  rows: readonly SeedAccuracy[],
  round: number,
): string {
  const { seeds } = experiment;
  const pairs = experiment.compare ?? defaultPairs(schemes, experiment.variants);
  if (pairs.length === 0 || seeds.length < 2) return "";
  const splits = splitsOf(rows);
  const lines = pairs.flatMap(([one, other]) =>
    splits.flatMap((split) => {
      // Only seeds in which neither diverged can be compared.
      const differences = seeds.flatMap((seed) => {
        const [a] = overSeeds(rows, { scheme: one, round, split }, [seed]);
        const [b] = overSeeds(rows, { scheme: other, round, split }, [seed]);
        return a === undefined || b === undefined ? [] : [a - b];
      });
      if (differences.length === 0) return [];
      const test = pairedTest(differences);
      const cells = [
        `${one} minus ${other}`,
        split === "test" ? "clean" : split,
        String(test.n),
        signed(test.mean),
        `${signed(test.interval[0])} to ${signed(test.interval[1])}`,
        pValue(test.tTest),
        pValue(test.wilcoxon),
      ];
      return [`| ${cells.join(" | ")} |`];
    }),
  );
  return [
    `## Differences after ${round} rounds\n`,
    `Percentage points, paired by seed, n being the seeds in which both have a result; 95 % confidence interval and p by the paired t-test, p by ` +
      "Wilcoxon's exact signed-rank test; two-sided, not corrected for the number of comparisons.\n",
    "| difference | split | n | mean | 95 % interval | p (t) | p (Wilcoxon) |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
}

/** Each SCEI scheme with each scheme that is none; where there are variants, each scheme with itself in the first of them. */
function defaultPairs(
  schemes: readonly NamedScheme[],
  variants: Experiment["variants"],
): readonly (readonly [string, string])[] {
  if (variants.length > 0) {
    // The schemes stand variant by variant, each time in the same order.
    const count = schemes.length / variants.length;
    return schemes
      .slice(count)
      .map(({ label }, index) => [label, schemes[index % count]?.label ?? ""] as const);
  }
  const isScei = ({ scheme }: NamedScheme) => scheme.kind === "scei" || scheme.kind === "scei-async";
  const others = schemes.filter((named) => !isScei(named));
  return schemes.filter(isScei).flatMap(({ label }) => others.map((other) => [label, other.label] as const));
}

function headroomTable(results: Results, rounds: readonly number[], planned: number): string {
  const lines = rounds.flatMap((round) => {
    const variants = Map.groupBy(headroom(results, round), ({ variant }) => variant);
    return [...variants].map(([variant, seeds]) => {
      const common = spread(
        seeds.map(({ overBestCommon }) => overBestCommon),
        planned,
      );
      const negotiated = spread(
        seeds.map(({ overNegotiated }) => overNegotiated),
        planned,
      );
      return `| ${variant === "" ? round : `${round}, ${variant}`} | ${common} | ${negotiated} |`;
    });
  });
  if (lines.length === 0) return "";
  return [
    "## Headroom of a rule better than one alpha for all\n",
    "Each node's best candidate on its own clean test split, minus one alpha for all: the best common one in hindsight, and " +
      "the one with the greatest mean validation score. Percentage points; an upper bound, since the best is chosen on the " +
      "split that is reported.\n",
    "| rounds | over the best common alpha | over the negotiated alpha |",
    "| ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
}

function bytesTable(schemes: readonly NamedScheme[], { bytes }: Results): string {
  const lines = schemes.flatMap(({ label }) => {
    const rows = bytes.filter(({ scheme }) => scheme === label);
    if (rows.length === 0) return [];
    const mean = (key: "up" | "down") => Math.round(meanOf(rows.map((row) => row[key])));
    return [`| ${label} | ${mean("up")} | ${mean("down")} |`];
  });
  if (lines.length === 0) return "";
  return [
    "## Bytes of each node in a round, headers included\n",
    "| scheme | up | down |",
    "| --- | ---: | ---: |",
    ...lines,
  ].join("\n");
}

function publishedTable(experiment: Experiment, rows: readonly SeedAccuracy[], round: number): string {
  const { published, seeds } = experiment;
  if (published === undefined) return "";
  const lines = Object.entries(published.accuracy).map(([scheme, accuracy]) => {
    const ours = overSeeds(rows, { scheme, round, split: "test" }, seeds);
    return `| ${scheme} | ${accuracy.toFixed(1)} | ${spread(ours, seeds.length)} |`;
  });
  return [
    "## Beside published values\n",
    `${published.source.trim()}\n`,
    `| scheme | published | here, ${round} rounds, clean |`,
    "| --- | ---: | ---: |",
    ...lines,
  ].join("\n");
}

function divergedTable({ seeds }: Experiment, { diverged }: Results): string {
  if (diverged.length === 0) return "";
  const lines = diverged.flatMap(({ schemes, seed, round, node, problem }) =>
    schemes.map((scheme) => `| ${scheme} | ${seed} | ${round} | ${node} | ${problem} |`),
  );
  return [
    "## Runs that diverged\n",
    `From the round given on these runs have no results: means below are over the seeds that are left, and say n where it is not ` +
      `${seeds.length}. Those that are left are the ones that did not diverge, so compare them with care.\n`,
    "| scheme | seed | round | node | what happened |",
    "| --- | ---: | ---: | ---: | --- |",
    ...lines,
  ].join("\n");
}

function splitsOf(rows: readonly SeedAccuracy[]): readonly string[] {
  return [...new Set(rows.map(({ split }) => split))];
}

/** Mean and deviation; with n where fewer values are there than were planned, since some runs diverged. */
function spread(values: readonly number[], planned?: number): string {
  if (values.length === 0) return "";
  const mean = meanOf(values).toFixed(2);
  const n = planned === undefined || values.length >= planned ? "" : ` (n = ${values.length})`;
  return `${values.length === 1 ? mean : `${mean} ± ${deviationOf(values).toFixed(2)}`}${n}`;
}

function signed(value: number): string {
  if (Number.isNaN(value)) return "-";
  const text = value.toFixed(2).replace(/^-0.00$/, "0.00");
  return text.startsWith("-") ? text : `+${text}`;
}

function pValue(p: number | undefined): string {
  if (p === undefined || Number.isNaN(p)) return "-";
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}
