import { createLogUpdate } from "log-update";
import type { NodeStatus } from "@concordat/node/status/nodeStatus";
import { colours, print, table } from "@concordat/console/output";
import type { RoundHistory, RoundRecord } from "./roundHistory.ts";
import { percent } from "./roundHistory.ts";

const FRAME_MS = 200;
const BAR_CELLS = 16;

/** What the view shows. */
export interface LiveState {
  /** What happens before the task runs, or after it. */
  step: string;
  readonly title: string;
  readonly totalRounds: number;
  readonly history: RoundHistory | undefined;
  readonly statuses: ReadonlyMap<number, NodeStatus>;
  /** Committee of the current attempt by rank, once the election's seed is known. */
  readonly committee: readonly number[];
  readonly blockNumber: number;
  readonly gas: bigint;
  /** Unix seconds by the chain's clock. */
  readonly now: number;
  readonly baseline: { readonly done: number; readonly total: number };
}

/** Shows how the demonstration goes on: a picture that changes on a terminal, one line for each event elsewhere. */
export interface LiveView {
  /** Something happened: a line where the output is no terminal. */
  event(line: string): void;
  /** Ends the picture, which stays as it was. */
  close(): void;
}

/** Starts to show what `read` gives. */
export function openLiveView(read: () => LiveState): LiveView {
  if (!process.stdout.isTTY) return { event: (line) => print(`${clock()} ${line}`), close: () => undefined };
  const update = createLogUpdate(process.stdout);
  const draw = (): void => update(picture(read()));
  const timer = setInterval(draw, FRAME_MS);
  const restore = (): void => update.done();
  process.on("exit", restore);
  return {
    event: () => draw(),
    close: () => {
      clearInterval(timer);
      draw();
      update.done();
      process.removeListener("exit", restore);
    },
  };
}

/** The rounds so far as a table. */
export function roundTable(rounds: readonly RoundRecord[]): string {
  return table(
    [
      { head: "round", align: "right" },
      { head: "leader", align: "right" },
      { head: "committee" },
      { head: "updates", align: "right" },
      { head: "alpha", align: "right" },
      { head: "mean score", align: "right" },
      { head: "gas", align: "right" },
    ],
    rounds.map((round) => [
      round.round,
      round.proposerRank === undefined ? "" : `node ${round.committee[round.proposerRank]}`,
      round.committee.join(" "),
      round.posted.length,
      round.alphaBps === undefined
        ? ""
        : `${(round.alphaBps / 10_000).toFixed(2)}${round.alphaKept ? " kept" : ""}`,
      round.meanScoreBps === undefined ? "" : percent(round.meanScoreBps),
      round.gas.toLocaleString("en"),
    ]),
  );
}

function picture(state: LiveState): string {
  const { bold, dim, cyan } = colours();
  const { history } = state;
  const current = history?.current;
  const lines = [bold(state.title), ""];
  if (history === undefined || current === undefined || history.endReason !== undefined) {
    lines.push(`  ${cyan(state.step)}`);
  } else {
    const left = Math.max(0, current.deadline - state.now);
    const posted = `updates ${current.posted.length}/${current.activeCount}, scores ${current.reported.length}/${current.activeCount}`;
    lines.push(
      `  round ${current.round} of ${state.totalRounds}  ${cyan(current.phase)}  ${posted}  ${dim(`at most ${left} s left`)}`,
    );
    if (state.committee.length > 0) {
      lines.push(`  leader node ${state.committee[0]}, committee ${state.committee.join(" ")}`);
    }
  }
  if (state.blockNumber > 0) {
    lines.push(dim(`  block ${state.blockNumber}  gas ${state.gas.toLocaleString("en")}`));
  }
  if (state.baseline.total > 0 && state.baseline.done < state.baseline.total) {
    lines.push(
      dim(`  baseline Local, in the background: ${state.baseline.done} of ${state.baseline.total} trainings`),
    );
  }
  lines.push("");
  for (const [node, status] of [...state.statuses].toSorted(([a], [b]) => a - b))
    lines.push(nodeLine(node, status));
  const finished = history?.rounds.filter(({ alphaBps }) => alphaBps !== undefined) ?? [];
  if (finished.length > 0) lines.push("", roundTable(finished.slice(-lastRows())));
  return lines.join("\n");
}

function nodeLine(node: number, status: NodeStatus): string {
  const { dim, red, green } = colours();
  const task = status.tasks[0];
  const name = `  node ${String(node).padEnd(3)}`;
  if (task === undefined) return `${name} ${dim("waiting for a task")}`;
  if (task.problem !== undefined) return `${name} ${task.doing}: ${red(task.problem)}`;
  const { training } = task;
  const isTraining = task.phase === "Training" && training !== undefined && training.step < training.steps;
  const bar = isTraining
    ? ` ${green(progressBar(training.step / training.steps))} epoch ${training.epoch}/${training.epochs}`
    : "";
  const best =
    task.lastScores === undefined ? "" : dim(`  best score ${percent(Math.max(...task.lastScores))}`);
  const loss = task.lastLoss === undefined ? "" : dim(`  loss ${task.lastLoss.toFixed(3)}`);
  return `${name} ${task.doing}${bar}${loss}${best}`;
}

function progressBar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return "█".repeat(full) + "░".repeat(BAR_CELLS - full);
}

/** As many rounds as fit below the rest on this terminal. */
function lastRows(): number {
  return Math.max(3, (process.stdout.rows ?? 40) - 20);
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}
