import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Update } from "@concordat/learning/aggregation/rule";
import { mix, scoreCandidates } from "@concordat/learning/training/personalise";
import { globalBytes } from "../bytes.ts";
import { modelOf, type Trajectory } from "../trajectory.ts";
import { exchange } from "../exchange.ts";
import type { Experiment } from "../experiment.ts";
import { digestOfModel } from "../modelDigest.ts";
import { gridTerms, negotiatedAlpha } from "../negotiation.ts";
import type { SchemeOf } from "../schemes.ts";
import { scoreScheme } from "../scoring.ts";

/**
 * SCEI that trains from the personalised model (paper 1, Algorithm 1, line 19): here each round's alpha shapes all later
 * training, so every strategy and grid is a trajectory of its own.
 */
export function personalisedTrajectory(
  experiment: Experiment,
  label: string,
  scheme: SchemeOf<"scei">,
): Trajectory {
  const { strategy, grid } = scheme;
  const terms = gridTerms(experiment, grid);
  const slot = (node: number) => `w_kp ${node}`;
  return {
    name: `personalised-${strategy}-${grid}`,
    schemes: [label],
    settings: { alphas: experiment.alphas, scheme },
    trainings: 1,
    begin: ({ members, initial }) => ({
      models: { w_G: initial, ...Object.fromEntries(members.map(({ id }) => [slot(id), initial])) },
      numbers: {},
    }),
    async round(context, state) {
      const { federation, round, onTraining } = context;
      const { members, model, signal } = federation;
      const updates: Update[] = [];
      for (const member of members) {
        updates.push(await federation.train(member, round, { weights: modelOf(state, slot(member.id)) }));
        onTraining();
      }
      const { global, residuals, up } = await exchange(
        federation,
        round,
        updates,
        modelOf(state, "w_G"),
        state,
      );
      const digests = Object.fromEntries(
        updates.map(({ memberId, tensors }) => [`w_k ${memberId}`, digestOfModel(tensors)]),
      );

      const tables: number[][] = [];
      for (const [index, { validation }] of members.entries()) {
        const local = updates[index]?.tensors ?? global;
        tables.push(await scoreCandidates(model, alphaCandidates(terms), local, global, validation, signal));
      }
      const alpha = negotiatedAlpha(strategy, terms, tables);
      const models: Record<string, ModelTensors> = { w_G: global, ...residuals };
      for (const { memberId, tensors } of updates) models[slot(memberId)] = mix(alpha, tensors, global);
      const next = { models, numbers: {} };
      const scores = await scoreScheme(context, label, ({ id }) => modelOf(next, slot(id)));
      return {
        state: next,
        record: {
          scores,
          alphas: [{ scheme: label, node: 0, alpha: alpha / 10_000 }],
          bytes: [{ scheme: label, up, down: globalBytes(global, round) }],
          candidates: [],
          digests: { ...digests, w_G: digestOfModel(global) },
        },
      };
    },
  };
}
