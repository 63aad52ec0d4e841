import type { Bps } from "@concordat/protocol/ids";
import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Update } from "@concordat/learning/aggregation/rule";
import { mix, scoreCandidates } from "@concordat/learning/training/personalise";
import { globalBytes } from "../bytes.ts";
import {
  modelOf,
  numberOf,
  type AlphaRow,
  type CandidateRow,
  type Trajectory,
  type RoundContext,
  type RoundRecord,
  type ScoreRow,
} from "../trajectory.ts";
import { RunDivergedError } from "../divergence.ts";
import { exchange } from "../exchange.ts";
import type { Experiment } from "../experiment.ts";
import { digestOfModel } from "../modelDigest.ts";
import { gridTerms, negotiatedAlpha } from "../negotiation.ts";
import type { NamedScheme, SchemeOf } from "../schemes.ts";
import { scoreMember, scoreScheme } from "../scoring.ts";
import { apflCompanion } from "./apfl.ts";
import type { Companion } from "./companion.ts";
import { dittoCompanion } from "./ditto.ts";

/** Schemes that the trunk serves by evaluation alone. */
type Mixed = SchemeOf<"fedavg"> | SchemeOf<"fine-tuned"> | SchemeOf<"fixed"> | SchemeOf<"scei">;

/** Whether a scheme's models come from the trunk, beside training of its own or without. */
export function isServedByTrunk({ scheme }: NamedScheme): boolean {
  switch (scheme.kind) {
    case "fedavg":
    case "fine-tuned":
    case "fixed":
    case "apfl":
    case "ditto":
      return true;
    case "scei":
      return scheme.base === "global";
    default:
      return false;
  }
}

/**
 * Federated averaging from the global model. With this base alpha never influences training, so the trunk's w_k and w_G
 * give FedAvg (alpha = 0), FedAvg with fine-tuning (1), all fixed alphas and all negotiated ones by evaluation alone.
 * APFL and Ditto train their personal models beside it on the same minibatches.
 */
export function trunkTrajectory(experiment: Experiment, schemes: readonly NamedScheme[]): Trajectory {
  const mixed = schemes.filter((named): named is NamedScheme & { scheme: Mixed } =>
    ["fedavg", "fine-tuned", "fixed", "scei"].includes(named.scheme.kind),
  );
  const companions = schemes.flatMap(({ label, scheme }): Companion[] => {
    if (scheme.kind === "apfl") return [apflCompanion(label, scheme)];
    if (scheme.kind === "ditto") return [dittoCompanion(label, scheme)];
    return [];
  });
  return {
    name: "trunk",
    schemes: schemes.map(({ label }) => label),
    settings: { alphas: experiment.alphas, schemes },
    trainings: 1 + companions.reduce((sum, { trainings }) => sum + trainings, 0),
    begin: (federation) => ({
      models: Object.assign(
        { w_G: federation.initial },
        ...companions.map((companion) => companion.begin(federation).models),
      ),
      numbers: Object.assign({}, ...companions.map((companion) => companion.begin(federation).numbers)),
    }),
    async round(context, state) {
      const { federation, round } = context;
      const before = modelOf(state, "w_G");
      const updates: Update[] = [];
      for (const member of federation.members) {
        updates.push(await federation.train(member, round, { weights: before }));
        context.onTraining();
      }
      const { global, residuals, up } = await exchange(federation, round, updates, before, state);
      const evaluated = await evaluate(experiment, mixed, context, updates, global);

      const models: Record<string, ModelTensors> = { w_G: global, ...residuals };
      const numbers: Record<string, number> = {};
      const scores = [...evaluated.scores];
      const alphas = [...evaluated.alphas];
      const diverged: NonNullable<RoundRecord["diverged"]>[number][] = [];
      for (const companion of companions) {
        const ended = endOf(companion);
        if (state.numbers[ended] !== undefined) {
          numbers[ended] = numberOf(state, ended);
          continue;
        }
        try {
          const next = await companion.round(context, state, before, global);
          Object.assign(models, next.state.models);
          Object.assign(numbers, next.state.numbers);
          scores.push(...(await scoreScheme(context, companion.label, next.modelFor)));
          alphas.push(...next.alphas);
        } catch (error) {
          // It never influences the trunk: the others go on.
          if (!(error instanceof RunDivergedError)) throw error;
          const { node, message: problem } = error;
          diverged.push({ schemes: [companion.label], node, problem });
          numbers[ended] = round;
        }
      }

      const down = globalBytes(global, round);
      const digests = Object.fromEntries(
        updates.map(({ memberId, tensors }) => [`w_k ${memberId}`, digestOfModel(tensors)]),
      );
      return {
        state: { models, numbers },
        record: {
          scores,
          alphas,
          bytes: schemes.map(({ label }) => ({ scheme: label, up, down })),
          candidates: evaluated.candidates,
          digests: { ...digests, w_G: digestOfModel(global) },
          ...(diverged.length > 0 && { diverged }),
        },
      };
    },
  };
}

/** The number of a state that says in which round a companion diverged. */
const endOf = ({ label }: Companion): string => `diverged ${label}`;

interface Evaluated {
  readonly scores: readonly ScoreRow[];
  readonly alphas: readonly AlphaRow[];
  readonly candidates: readonly CandidateRow[];
}

async function evaluate(
  experiment: Experiment,
  schemes: readonly (NamedScheme & { scheme: Mixed })[],
  context: RoundContext,
  updates: readonly Update[],
  global: ModelTensors,
): Promise<Evaluated> {
  const { federation } = context;
  const { members, model, signal } = federation;
  if (context.scoring === "none") return { scores: [], alphas: [], candidates: [] };

  const grids = schemes.flatMap(({ scheme }) =>
    scheme.kind === "scei" ? alphaCandidates(gridTerms(experiment, scheme.grid)) : [],
  );
  const candidates = [...new Set(grids)].toSorted((a, b) => a - b);
  /** Score of each candidate on each member's validation split, in basis points. */
  const validation: number[][] = [];
  for (const [index, member] of members.entries()) {
    const local = modelAt(updates, index);
    validation.push(await scoreCandidates(model, candidates, local, global, member.validation, signal));
  }
  const alphaOf = (scheme: Mixed): Bps => {
    switch (scheme.kind) {
      case "fedavg":
        return 0 as Bps;
      case "fine-tuned":
        return 10_000 as Bps;
      case "fixed":
        return Math.round(scheme.alpha * 10_000) as Bps;
      case "scei": {
        const terms = gridTerms(experiment, scheme.grid);
        const columns = alphaCandidates(terms).map((alpha) => candidates.indexOf(alpha));
        const tables = validation.map((scores) => columns.map((column) => scores[column] ?? 0));
        return negotiatedAlpha(scheme.strategy, terms, tables);
      }
    }
  };
  const chosen = schemes.map(({ label, scheme }) => ({ label, scheme, alpha: alphaOf(scheme) }));

  const scores: ScoreRow[] = [];
  const rows: CandidateRow[] = [];
  for (const [index, member] of members.entries()) {
    const local = modelAt(updates, index);
    const at = (alpha: Bps) => (alpha === 0 ? global : mix(alpha, local, global));
    const scored = new Map<Bps, readonly ScoreRow[]>();
    for (const { label, alpha } of chosen) {
      const known = scored.get(alpha) ?? (await scoreMember(context, label, member, at(alpha)));
      scored.set(alpha, known);
      scores.push(...known.map((row) => ({ ...row, scheme: label })));
    }
    if (!context.isReported || context.scoring !== "test") continue;
    for (const [column, alpha] of candidates.entries()) {
      const clean = scored.get(alpha)?.find(({ split }) => split === "test");
      const { correct, total } = clean ?? (await model.evaluate(at(alpha), member.test, signal));
      rows.push({
        node: member.id,
        alpha: alpha / 10_000,
        validationBps: validation[index]?.[column] ?? 0,
        correct,
        total,
      });
    }
  }
  const alphas = chosen
    .filter(({ scheme }) => scheme.kind === "scei")
    .map(({ label, alpha }) => ({ scheme: label, node: 0, alpha: alpha / 10_000 }));
  return { scores, alphas, candidates: rows };
}

function modelAt(updates: readonly Update[], index: number): ModelTensors {
  const update = updates[index];
  if (update === undefined) throw new Error(`There is no update ${index}`);
  return update.tensors;
}
