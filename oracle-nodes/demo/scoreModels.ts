import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { ConcordatError } from "@concordat/protocol/errors";
import type { Bps } from "@concordat/protocol/ids";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { ErrorFeedback } from "@concordat/node/rounds/errorFeedback";
import type { BaselineModels } from "./baselines.ts";
import { compareSchemes, fetchModel } from "./evaluate.ts";
import type { NodeResult } from "./evaluate.ts";
import type { DemoPlan } from "./prepare.ts";
import type { RoundRecord } from "./roundHistory.ts";

export interface ScoreModelsOptions {
  readonly plan: DemoPlan;
  readonly store: ArtifactStore;
  /** Where the nodes serve their artifacts. */
  readonly providers: readonly string[];
  readonly rounds: readonly RoundRecord[];
  readonly models: BaselineModels;
  /** The nodes' folders, by place in the partition. */
  readonly dirs: readonly string[];
  readonly signal: AbortSignal;
}

/** Fetches the last round's models by the digests on chain, and scores all schemes on the nodes' test splits. */
export async function scoreModels(options: ScoreModelsOptions): Promise<NodeResult[]> {
  const { plan, store, providers, rounds, models, dirs, signal } = options;
  const last = rounds.at(-1);
  if (last?.aggregate === undefined || last.alphaBps === undefined) {
    throw new ConcordatError("No round was finalised");
  }
  const fetch = async (digest: string) => fetchModel(store, plan.files, digest, providers, signal);
  const global = await fetch(last.aggregate);
  const updates = await Promise.all(
    plan.partition.nodes.map(async ({ node }) => {
      const digest = last.updates.get(node + 1);
      if (digest === undefined) return undefined;
      const { compression, model } = plan.files.manifest;
      if (compression.kind === "none") return fetch(digest);
      return keptModel(dirs[node] ?? "", model.tensors, last.round);
    }),
  );
  const compared = {
    updates,
    global,
    alphaBps: last.alphaBps as Bps,
    local: models.local,
    fedAvg: models.fedAvg ?? global,
  };
  const results = await compareSchemes(plan.learning, plan.partition.nodes, compared, signal);
  plan.learning.model.dispose();
  return results;
}

/** w_k as a node keeps it beside its compressed update, which does not tell it whole. */
async function keptModel(
  dir: string,
  specs: readonly TensorSpec[],
  round: number,
): Promise<ModelTensors | undefined> {
  const tasks = join(dir, "data", "tasks");
  const [deployment = ""] = await readdir(tasks);
  const [task = ""] = await readdir(join(tasks, deployment));
  const kept = new ErrorFeedback(join(tasks, deployment, task), specs, pino({ level: "silent" }));
  return kept.localModel(round);
}
