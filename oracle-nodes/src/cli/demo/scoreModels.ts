import { ConcordatError } from "../../../../protocol/errors.ts";
import type { Bps } from "../../../../protocol/ids.ts";
import type { ArtifactStore } from "../../artifacts/artifactStore.ts";
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
  readonly signal: AbortSignal;
}

/** Fetches the last round's models by the digests on chain, and scores all schemes on the nodes' test splits. */
export async function scoreModels(options: ScoreModelsOptions): Promise<NodeResult[]> {
  const { plan, store, providers, rounds, models, signal } = options;
  const last = rounds.at(-1);
  if (last?.aggregate === undefined || last.alphaBps === undefined) {
    throw new ConcordatError("No round was finalised");
  }
  const fetch = async (digest: string) => fetchModel(store, plan.files, digest, providers, signal);
  const global = await fetch(last.aggregate);
  const updates = await Promise.all(
    plan.partition.nodes.map(async ({ node }) => {
      const digest = last.updates.get(node + 1);
      return digest === undefined ? undefined : fetch(digest);
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
