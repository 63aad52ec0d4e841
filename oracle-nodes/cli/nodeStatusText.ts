import { formatEther } from "ethers";
import { LEAST_SUBMISSIONS } from "@concordat/node/setup/accounts";
import type { AccountStatus, NodeStatus } from "@concordat/node/status/nodeStatus";
import { progressOf } from "@concordat/node/rounds/progress";
import { pairs, table } from "@concordat/console/output";

/** What `concordat node status` knows: from the chain, from what the node wrote, or from both. */
export interface NodeFacts {
  readonly node?: number | undefined;
  /** Undefined where the chain was not read. */
  readonly isMember?: boolean | undefined;
  readonly signer: AccountStatus | { readonly address: string };
  readonly operator?: AccountStatus | { readonly address: string } | undefined;
  /** What the registry says where the node serves. */
  readonly endpoints?: string | undefined;
  /** Why the chain was not read; undefined where it was. */
  readonly chainProblem?: string | undefined;
  readonly status?: NodeStatus | undefined;
}

/** The status for people. @param now Milliseconds since 1970. */
export function nodeStatusText(facts: NodeFacts, now = Date.now()): string {
  const { status, chainProblem } = facts;
  const isRead = chainProblem === undefined;
  const lines = pairs([
    ["node", facts.node ?? (isRead ? "not admitted: concordat node apply" : "unknown")],
    ["member", facts.isMember === undefined ? "unknown" : facts.isMember ? "yes" : "no"],
    ["signer", account(facts.signer, now)],
    ["operator", facts.operator === undefined ? "unknown" : account(facts.operator, now)],
    ["endpoints", facts.endpoints || (isRead ? "none: concordat node announce" : "unknown")],
    ["process", processLine(status, now)],
    ...(status?.heartbeat === undefined
      ? []
      : ([
          ["chain", `block ${status.heartbeat.head.number}, seen ${ago(status.heartbeat.head.seenAt, now)}`],
        ] as const)),
    ...(status === undefined
      ? []
      : ([["sent", `${(status.sentBytes / 1e6).toFixed(1)} MB of blocks`]] as const)),
  ]);
  const parts = [lines, ...warnings(facts, now)];
  if (status !== undefined && status.tasks.length > 0)
    parts.push(`\n${taskTable(status)}`, ...taskNotes(status));
  return parts.join("\n");
}

/** "3 minutes ago", of an ISO time. */
export function ago(time: string, now: number): string {
  return `${duration(now - Date.parse(time))} ago`;
}

/** Milliseconds in the unit that fits, e.g. "3 minutes". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const units: [seconds: number, name: string][] = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ];
  const [size, name] = units.find(([least]) => seconds >= 2 * least) ?? [1, "second"];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

function account(given: NodeFacts["signer"], now: number): string {
  if (!("balanceWei" in given)) return given.address;
  const age = now - Date.parse(given.readAt) < 60_000 ? "" : `, as of ${ago(given.readAt, now)}`;
  return `${given.address}, ${formatEther(given.balanceWei)} for gas${age}`;
}

function processLine(status: NodeStatus | undefined, now: number): string {
  if (status === undefined) return "has not run yet: concordat node run";
  const { state, ms, because } = progressOf(status, now);
  const time = duration(ms);
  switch (state) {
    case "progress":
      return `makes progress, last ${time} ago`;
    case "stopped":
      return `stopped ${time} ago`;
    case "still":
    case "silent":
      return `has made no progress for ${time}${because === undefined ? "" : `: ${because}`}`;
  }
}

function warnings({ status, chainProblem, signer }: NodeFacts, now: number): string[] {
  const lines: string[] = [];
  if (chainProblem !== undefined) {
    const age = status === undefined ? "" : `; this is what the node wrote ${ago(status.updatedAt, now)}`;
    lines.push(`The chain was not read: ${chainProblem}${age}`);
  }
  const gas = status?.accounts?.gas;
  const isEmpty = "balanceWei" in signer && signer.balanceWei === "0";
  if (isEmpty || gas?.isLow === true) {
    const left = isEmpty ? 0 : gas?.submissionsLeft;
    lines.push(
      `Gas is low: the signer pays about ${left} more submissions at current fees, fewer than ${LEAST_SUBMISSIONS}. ` +
        `Send ${signer.address} some of the chain's currency`,
    );
  }
  return lines.length === 0 ? [] : ["", ...lines];
}

function taskTable({ tasks }: NodeStatus): string {
  return table(
    [
      { head: "task", align: "right" },
      { head: "round", align: "right" },
      { head: "phase" },
      { head: "privacy spent" },
      { head: "doing" },
      { head: "problem" },
    ],
    tasks.map(({ taskId, round, phase, spentBudget, doing, problem = "" }) => [
      taskId,
      round,
      phase,
      spentBudget === undefined
        ? ""
        : `epsilon ${spentBudget.epsilon.toPrecision(3)}, delta ${spentBudget.delta}`,
      doing,
      problem,
    ]),
  );
}

/** Who is awaited and what can be done, and where the results lie. */
function taskNotes({ tasks }: NodeStatus): string[] {
  return tasks.flatMap(({ taskId, awaits = [], personalisedModel }) => {
    const nodes = awaits.map(({ node }) => node);
    const [first] = awaits;
    return [
      ...(first === undefined
        ? []
        : [
            `Task ${taskId} waits for the ${first.for} of node${nodes.length === 1 ? "" : "s"} ${nodes.join(", ")}. ` +
              `If one is gone for good, concordat task expel ${nodes.length === 1 ? nodes[0] : "NODE"} opens a vote on it`,
          ]),
      ...(personalisedModel === undefined
        ? []
        : [`Task ${taskId}: the node's personalised model is ${personalisedModel}`]),
    ];
  });
}
