import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { modelOf, type Trajectory } from "../trajectory.ts";
import { digestOfModel } from "../modelDigest.ts";
import { scoreScheme } from "../scoring.ts";

/** Local (paper 1): each node alone, from the initial model and with the shuffles that all schemes of the seed share. */
export function localTrajectory(label: string): Trajectory {
  const slot = (node: number) => `w_k ${node}`;
  return {
    name: "local",
    schemes: [label],
    settings: {},
    trainings: 1,
    begin: ({ members, initial }) => ({
      models: Object.fromEntries(members.map(({ id }) => [slot(id), initial])),
      numbers: {},
    }),
    async round(context, state) {
      const { federation, round, onTraining } = context;
      const models: Record<string, ModelTensors> = {};
      const digests: Record<string, string> = {};
      for (const member of federation.members) {
        const name = slot(member.id);
        const { tensors } = await federation.train(member, round, {
          weights: modelOf(state, name),
          stays: true,
        });
        models[name] = tensors;
        digests[name] = digestOfModel(tensors);
        onTraining();
      }
      const next = { models, numbers: {} };
      const scores = await scoreScheme(context, label, ({ id }) => modelOf(next, slot(id)));
      return {
        state: next,
        record: { scores, alphas: [], bytes: [{ scheme: label, up: 0, down: 0 }], candidates: [], digests },
      };
    },
  };
}
