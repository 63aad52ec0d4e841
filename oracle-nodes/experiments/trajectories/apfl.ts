import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { modelOf, numberOf } from "../trajectory.ts";
import { combine } from "../combine.ts";
import { atNode } from "../divergence.ts";
import type { SchemeOf } from "../schemes.ts";
import type { Companion } from "./companion.ts";

/**
 * APFL (Deng et al. 2020, algorithm 1): each node trains v_k at vbar = a v + (1 - a) w while w follows the trunk's
 * minibatches, and learns its own a. Scored is a v_k + (1 - a) w_G with the round's w_G. v_k and a persist.
 */
export function apflCompanion(label: string, { alpha: first }: SchemeOf<"apfl">): Companion {
  const slot = (node: number) => `apfl ${node}`;
  return {
    label,
    trainings: 2,
    begin: ({ members, initial }) => ({
      models: Object.fromEntries(members.map(({ id }) => [slot(id), initial])),
      numbers: Object.fromEntries(members.map(({ id }) => [slot(id), first])),
    }),
    async round({ federation, round, onTraining }, state, before, global) {
      const models: Record<string, ModelTensors> = {};
      const numbers: Record<string, number> = {};
      for (const member of federation.members) {
        const name = slot(member.id);
        const { personal, alpha } = await atNode(member.id, () =>
          federation.model.trainApfl({
            weights: before,
            personal: modelOf(state, name),
            alpha: numberOf(state, name),
            samples: member.train,
            hyper: federation.hyper,
            round,
            member: member.id,
            signal: federation.signal,
          }),
        );
        models[name] = personal;
        numbers[name] = alpha;
        onTraining();
        onTraining();
      }
      const next = { models, numbers };
      return {
        state: next,
        alphas: federation.members.map(({ id }) => ({
          scheme: label,
          node: id,
          alpha: numberOf(next, slot(id)),
        })),
        modelFor: ({ id }) => {
          const alpha = numberOf(next, slot(id));
          return combine([alpha, modelOf(next, slot(id))], [1 - alpha, global]);
        },
      };
    },
  };
}
