import { formatUnits } from "ethers";
import { colours, print, table } from "@concordat/console/output";
import type { NodeResult, SchemeResult } from "./evaluate.ts";
import { accuracy, meanAccuracy } from "./evaluate.ts";
import type { GasOfAction } from "./gasLedger.ts";
import { roundTable } from "./liveView.ts";
import type { RoundRecord } from "./roundHistory.ts";

/** A node's account at the end. */
export interface NodeAccount {
  readonly node: number;
  readonly reputation: number;
  readonly earned: bigint;
  readonly claimed: bigint;
}

/** What the audit found. */
export interface AuditSummary {
  /** Facts recomputed from their causes, aggregates among them. */
  readonly decisions: number;
  readonly aggregates: number;
  readonly notRecomputed: number;
  readonly disagreements: number;
  readonly first: string | undefined;
}

/** Everything that a demonstration ends with. */
export interface DemoReport {
  readonly setting: string;
  readonly rounds: readonly RoundRecord[];
  readonly results: readonly NodeResult[];
  readonly gas: readonly GasOfAction[];
  readonly accounts: readonly NodeAccount[];
  readonly tokenSymbol: string;
  readonly audit: AuditSummary;
  /** How the models of column FedAvg came about. */
  readonly fedAvgOrigin: string;
}

/** Prints the tables. */
export function printReport(report: DemoReport): void {
  const { bold, green, red } = colours();
  print(bold("\nRounds"));
  print(roundTable(report.rounds));
  print(bold(`\nAccuracy in percent after the last round, one seed (${report.setting})`));
  print(accuracyTable(report.results));
  const [share = 0] = report.results.map(({ skewShareBps }) => skewShareBps);
  print(
    `  Same partition, initial model and shuffles for all. Skewed: nominal 10 %, ${(share / 100).toFixed(1)} % of the images are of foreign classes.`,
  );
  print(`  SCEI: each node's personalised model. FedAvg: ${report.fedAvgOrigin}. Local: each node alone.`);
  print(bold("\nGas"));
  print(gasTable(report.gas));
  print(bold("\nReputation and reward"));
  print(accountTable(report.accounts, report.tokenSymbol));
  print(bold("\nAudit"));
  const { audit } = report;
  const line =
    `  Recomputed ${audit.decisions} decisions and ${audit.aggregates} aggregates from events and artifacts: ` +
    `${audit.disagreements} disagreed`;
  print(audit.disagreements === 0 ? green(line) : red(line));
  if (audit.notRecomputed > 0) print(`  ${audit.notRecomputed} facts could be read but not recomputed`);
  if (audit.first !== undefined) print(red(`  First: ${audit.first}`));
  print(`\n${verdict(report.results)}`);
}

/** One sentence that says what the table shows, whichever way it went. */
export function verdict(results: readonly NodeResult[]): string {
  const against = (scheme: "fedAvg" | "local", split: keyof SchemeResult): string => {
    const difference = meanAccuracy(results, "scei", split) - meanAccuracy(results, scheme, split);
    const better = results.filter((r) => accuracy(r.scei[split]) > accuracy(r[scheme][split])).length;
    const verb = difference > 0 ? "beat" : difference < 0 ? "lost to" : "equalled";
    const by = difference === 0 ? "" : ` by ${Math.abs(difference).toFixed(1)} points`;
    return `${verb} ${scheme === "fedAvg" ? "FedAvg's global model" : "Local's models"}${by} (better at ${better} of ${results.length} nodes)`;
  };
  return (
    `With this one seed the personalised models, on the mean of all nodes, ${against("fedAvg", "clean")} and ` +
    `${against("local", "clean")} on clean test data; on skewed test data they ${against("fedAvg", "skewed")} and ` +
    `${against("local", "skewed")}.`
  );
}

function accuracyTable(results: readonly NodeResult[]): string {
  const schemes = ["scei", "fedAvg", "local"] as const;
  const splits = ["clean", "skewed"] as const;
  const right = (head: string) => ({ head, align: "right" as const });
  return table(
    [
      right("node"),
      { head: "classes" },
      ...splits.flatMap((split) => ["SCEI", "FedAvg", "Local"].map((name) => right(`${name} ${split}`))),
    ],
    [
      ...results.map((result) => [
        result.node,
        result.classes.join(" "),
        ...splits.flatMap((split) => schemes.map((scheme) => accuracy(result[scheme][split]).toFixed(1))),
      ]),
      [
        "mean",
        "",
        ...splits.flatMap((split) =>
          schemes.map((scheme) => meanAccuracy(results, scheme, split).toFixed(1)),
        ),
      ],
    ],
  );
}

function gasTable(gas: readonly GasOfAction[]): string {
  const right = (head: string) => ({ head, align: "right" as const });
  const total = gas.reduce((sum, entry) => sum + entry.total, 0n);
  return table(
    [{ head: "action" }, right("count"), right("mean"), right("total"), right("refused on chain")],
    [
      ...gas.map(({ action, count, mean, total: sum, reverted }) => [
        action,
        count,
        mean.toLocaleString("en"),
        sum.toLocaleString("en"),
        reverted,
      ]),
      ["all", gas.reduce((sum, { count }) => sum + count, 0), "", total.toLocaleString("en"), ""],
    ],
  );
}

function accountTable(accounts: readonly NodeAccount[], symbol: string): string {
  const right = (head: string) => ({ head, align: "right" as const });
  return table(
    [right("node"), right("reputation"), right(`earned (${symbol})`), right(`claimed (${symbol})`)],
    accounts.map(({ node, reputation, earned, claimed }) => [
      node,
      reputation,
      formatUnits(earned, 18),
      formatUnits(claimed, 18),
    ]),
  );
}
