import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { Update } from "@concordat/learning/aggregation/rule";
import { globalBytes, updateBytes } from "../bytes.ts";
import { modelOf, type Trajectory } from "../trajectory.ts";
import { combine, zerosLike } from "../combine.ts";
import { digestOfModel } from "../modelDigest.ts";
import { scoreScheme } from "../scoring.ts";

/**
 * SCAFFOLD (Karimireddy et al. 2020, algorithm 1, option II) with all nodes in each round and momentum 0, since its
 * analysis and its control variates are for plain steps:
 *
 *   w_k: tau steps of w <- w - eta (grad f(w) - c_k + c)
 *   c_k+ = c_k - c + (w_G - w_k) / (tau eta),  c <- c + mean of (c_k+ - c_k)
 *
 * w_G is the experiment's rule over the w_k. A node sends w_k and its c_k+ - c_k, and receives w_G and c: twice the bytes.
 */
export function scaffoldTrajectory(label: string): Trajectory {
  const slot = (node: number) => `c_k ${node}`;
  return {
    name: "scaffold",
    schemes: [label],
    settings: {},
    trainings: 1,
    begin: ({ members, initial }) => ({
      models: {
        w_G: initial,
        c: zerosLike(initial),
        ...Object.fromEntries(members.map(({ id }) => [slot(id), zerosLike(initial)])),
      },
      numbers: {},
    }),
    async round(context, state) {
      const { federation, round, onTraining } = context;
      const { hyper, members } = federation;
      const before = modelOf(state, "w_G");
      const c = modelOf(state, "c");
      const updates: Update[] = [];
      const controls: Record<string, ModelTensors> = {};
      const changes: [number, ModelTensors][] = [];
      for (const member of members) {
        const own = modelOf(state, slot(member.id));
        const update = await federation.train(member, round, {
          weights: before,
          correction: combine([1, c], [-1, own]),
          momentum: 0,
        });
        const steps = hyper.localEpochs * Math.ceil(member.train.indices.length / hyper.batchSize);
        const scale = 1 / (steps * hyper.learningRate);
        const change: ModelTensors = combine([-1, c], [scale, before], [-scale, update.tensors]);
        controls[slot(member.id)] = combine([1, own], [1, change]);
        changes.push([1 / members.length, change]);
        updates.push(update);
        onTraining();
      }
      const { tensors: global } = await federation.aggregate(updates);
      const bytes = {
        scheme: label,
        up: 2 * updateBytes(global, round, 1),
        down: 2 * globalBytes(global, round),
      };
      return {
        state: { models: { w_G: global, c: combine([1, c], ...changes), ...controls }, numbers: {} },
        record: {
          scores: await scoreScheme(context, label, () => global),
          alphas: [],
          bytes: [bytes],
          candidates: [],
          digests: { w_G: digestOfModel(global) },
        },
      };
    },
  };
}
