import type { CheckKind, Lack } from "./checks.ts";
import type { KindCount, MissingFacts } from "./report.ts";

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
    const nodeIds = new Set(missing.flatMap((lack) => (lack.kind === "update" ? lack.nodeIds : [])));
    const tasks = (wanted: Lack["kind"]): number[] => [
      ...new Set(missing.flatMap((lack) => ("taskId" in lack && lack.kind === wanted ? [lack.taskId] : []))),
    ];
    return {
      kind,
      count: missing.length,
      of: agree + disagree + notRecomputed,
      nodeIds: [...nodeIds].toSorted((a, b) => a - b),
      reasons: [
        ...[...nodeIds].toSorted((a, b) => a - b).map((nodeId) => silence(nodeId, service.get(nodeId))),
        ...tasks("manifest").map((taskId) => `nobody serves the manifest of task ${taskId}`),
        ...tasks("model").map(
          (taskId) => `nobody serves all models that rounds of task ${taskId} started from`,
        ),
        ...(missing.some((lack) => lack.kind === "state")
          ? ["the endpoint has forgotten the states of old blocks"]
          : []),
      ],
    };
  });
}

function silence(nodeId: number, service: Service | undefined): string {
  if (service === undefined || service.served === 0) return `node ${nodeId} serves nothing`;
  const { served, missing } = service;
  return `nobody serves ${missing} of ${served + missing} updates of node ${nodeId}`;
}
