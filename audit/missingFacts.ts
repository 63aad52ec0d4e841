import type { CheckKind, Lack } from "./checks.ts";
import type { KindCount } from "./report.ts";
import type { MissingFacts } from "./missingWords.ts";

/** How many of a node's updates were had from somebody, and how many from nobody. */
export interface Service {
  readonly served: number;
  readonly missing: number;
}

/** What could not be derived again for want of something, by kind, in the order of the counts. */
export function missingFacts(
  counts: Readonly<Partial<Record<CheckKind, KindCount>>>,
  lacks: Readonly<Partial<Record<CheckKind, readonly Lack[]>>>,
  service: ReadonlyMap<number, Service>,
): readonly MissingFacts[] {
  return (Object.keys(lacks) as CheckKind[]).map((kind) => {
    const missing = lacks[kind] ?? [];
    const { agree, disagree, notRecomputed } = counts[kind] ?? { agree: 0, disagree: 0, notRecomputed: 0 };
    return {
      kind,
      count: missing.length,
      of: agree + disagree + notRecomputed,
      nodeIds: ascending(missing.flatMap((lack) => (lack.kind === "state" ? [] : lack.nodeIds))),
      reasons: [...new Set(united(missing).flatMap((lack) => reasonsOf(lack, service)))].toSorted(),
    };
  });
}

/** The same with one entry for each artifact that whole tasks lack: who was asked differs by round. */
function united(lacks: readonly Lack[]): readonly Lack[] {
  const byTask = new Map<string, Lack>();
  const others = lacks.filter((lack) => {
    if (!("taskId" in lack)) return true;
    const key = `${lack.kind} ${lack.taskId}`;
    const before = byTask.get(key);
    const nodeIds = before !== undefined && "taskId" in before ? before.nodeIds : [];
    byTask.set(key, { ...lack, nodeIds: ascending([...nodeIds, ...lack.nodeIds]) });
    return false;
  });
  return [...others, ...byTask.values()];
}

/** Why something is missing, in words that go on after a colon. */
function reasonsOf(lack: Lack, service: ReadonlyMap<number, Service>): readonly string[] {
  switch (lack.kind) {
    case "update":
      return lack.nodeIds.map((nodeId) => silence(nodeId, service.get(nodeId)));
    case "manifest":
      return [`${noneOf(lack.nodeIds)} serves the manifest of task ${lack.taskId}`];
    case "model":
      return [`${noneOf(lack.nodeIds)} serves a model that a round of task ${lack.taskId} started from`];
    case "state":
      return ["the endpoint has forgotten the states of old blocks"];
  }
}

function silence(nodeId: number, service: Service | undefined): string {
  if (service === undefined || service.served === 0) return `node ${nodeId} serves nothing`;
  const { served, missing } = service;
  return `nobody serves ${missing} of ${served + missing} updates of node ${nodeId}`;
}

/** Nodes that are named one by one. */
const NAMED = 8;

function noneOf(nodeIds: readonly number[]): string {
  const [only] = nodeIds;
  if (nodeIds.length === 1) return `not even its only member, node ${only ?? 0},`;
  const named = ascending(nodeIds).slice(0, NAMED).join(", ");
  return `none of the nodes ${named}${nodeIds.length > NAMED ? ` and ${nodeIds.length - NAMED} more` : ""}`;
}

function ascending(nodeIds: readonly number[]): readonly number[] {
  return [...new Set(nodeIds)].toSorted((a, b) => a - b);
}
