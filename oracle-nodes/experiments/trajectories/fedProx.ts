import { globalBytes } from "../bytes.ts";
import { modelOf, type Trajectory } from "../trajectory.ts";
import type { Update } from "@concordat/learning/aggregation/rule";
import { exchange } from "../exchange.ts";
import { digestOfModel } from "../modelDigest.ts";
import type { SchemeOf } from "../schemes.ts";
import { scoreScheme } from "../scoring.ts";

/** FedProx (Li et al. 2020): federated averaging of models trained with mu/2 |w - w_G|^2 added to the loss. */
export function fedProxTrajectory(label: string, { mu }: SchemeOf<"fedprox">): Trajectory {
  if (mu === "tuned") throw new Error("mu is tuned before the trajectory starts");
  return {
    name: `fedprox-${mu}`,
    schemes: [label],
    settings: { mu },
    trainings: 1,
    begin: ({ initial }) => ({ models: { w_G: initial }, numbers: {} }),
    async round(context, state) {
      const { federation, round, onTraining } = context;
      const before = modelOf(state, "w_G");
      const updates: Update[] = [];
      for (const member of federation.members) {
        updates.push(
          await federation.train(member, round, { weights: before, proximal: { anchor: before, mu } }),
        );
        onTraining();
      }
      const { global, residuals, up } = await exchange(federation, round, updates, before, state);
      return {
        state: { models: { w_G: global, ...residuals }, numbers: {} },
        record: {
          scores: await scoreScheme(context, label, () => global),
          alphas: [],
          bytes: [{ scheme: label, up, down: globalBytes(global, round) }],
          candidates: [],
          digests: { w_G: digestOfModel(global) },
        },
      };
    },
  };
}
