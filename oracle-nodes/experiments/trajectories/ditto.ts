import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { modelOf } from "../trajectory.ts";
import type { SchemeOf } from "../schemes.ts";
import type { Companion } from "./companion.ts";

/**
 * Ditto (Li et al. 2021, algorithm 1): v_k <- v_k - eta (grad f(v_k) + lambda (v_k - w_G)), anchored at the w_G that the
 * round started from. v_k persists over the rounds, and w_G knows nothing of it.
 */
export function dittoCompanion(label: string, { lambda }: SchemeOf<"ditto">): Companion {
  if (lambda === "tuned") throw new Error("lambda is tuned before the trajectory starts");
  const slot = (node: number) => `ditto ${lambda} ${node}`;
  return {
    label,
    trainings: 1,
    begin: ({ members, initial }) => ({
      models: Object.fromEntries(members.map(({ id }) => [slot(id), initial])),
      numbers: {},
    }),
    async round({ federation, round, onTraining }, state, before) {
      const models: Record<string, ModelTensors> = {};
      for (const member of federation.members) {
        const personal = await federation.train(member, round, {
          weights: modelOf(state, slot(member.id)),
          proximal: { anchor: before, mu: lambda },
        });
        models[slot(member.id)] = personal.tensors;
        onTraining();
      }
      const next = { models, numbers: {} };
      return { state: next, alphas: [], modelFor: ({ id }) => modelOf(next, slot(id)) };
    },
  };
}
