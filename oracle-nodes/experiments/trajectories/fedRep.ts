import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { InputError } from "@concordat/protocol/errors";
import type { Update } from "@concordat/learning/aggregation/rule";
import { globalBytes, updateBytes } from "../bytes.ts";
import { modelOf, type Trajectory } from "../trajectory.ts";
import type { Experiment } from "../experiment.ts";
import { digestOfModel } from "../modelDigest.ts";
import type { SchemeOf } from "../schemes.ts";
import { scoreScheme } from "../scoring.ts";

/**
 * FedRep (Collins et al. 2021): the last layer, the head, stays at its node and persists; the body is averaged. A round
 * trains the head with the body still, then the body for `bodyEpochs` with the head still; both together are the E epochs
 * that every scheme has.
 */
export function fedRepTrajectory(
  experiment: Experiment,
  label: string,
  { bodyEpochs }: SchemeOf<"fedrep">,
): Trajectory {
  const headEpochs = experiment.training.localEpochs - bodyEpochs;
  if (headEpochs < 1) {
    throw new InputError(`fedrep has ${bodyEpochs} body epochs of ${experiment.training.localEpochs}`, {
      hint: "Leave at least one local epoch for the head",
    });
  }
  const slot = (node: number) => `head ${node}`;
  return {
    name: `fedrep-${bodyEpochs}`,
    schemes: [label],
    settings: { bodyEpochs },
    trainings: 1,
    begin: ({ members, initial }) => ({
      models: { w_G: initial, ...Object.fromEntries(members.map(({ id }) => [slot(id), initial])) },
      numbers: {},
    }),
    async round(context, state) {
      const { federation, round, onTraining } = context;
      const before = modelOf(state, "w_G");
      const isHead = headOf(federation.model.specs);
      const updates: Update[] = [];
      for (const member of federation.members) {
        const withHead = await federation.train(member, round, {
          weights: joined(before, modelOf(state, slot(member.id)), isHead),
          moves: isHead,
          epochs: { first: 1, count: headEpochs },
        });
        updates.push(
          await federation.train(member, round, {
            weights: withHead.tensors,
            moves: (tensor) => !isHead(tensor),
            epochs: { first: headEpochs + 1, count: bodyEpochs },
          }),
        );
        onTraining();
      }
      // The heads of the aggregate are nobody's: each node puts its own in their place.
      const { tensors: global } = await federation.aggregate(updates);
      const models: Record<string, ModelTensors> = { w_G: global };
      for (const { memberId, tensors } of updates) models[slot(memberId)] = joined(global, tensors, isHead);
      const next = { models, numbers: {} };
      const body = global.filter(({ name }) => !isHead(name));
      return {
        state: next,
        record: {
          scores: await scoreScheme(context, label, ({ id }) => modelOf(next, slot(id))),
          alphas: [],
          bytes: [{ scheme: label, up: updateBytes(body, round, 1), down: globalBytes(body, round) }],
          candidates: [],
          digests: { w_G: digestOfModel(body) },
        },
      };
    },
  };
}

/** Whether a tensor belongs to the last layer, by the layer's name before the slash. */
function headOf(specs: readonly TensorSpec[]): (tensor: string) => boolean {
  const layerOf = (name: string) => name.slice(0, name.lastIndexOf("/"));
  const head = layerOf(specs.at(-1)?.name ?? "");
  return (tensor) => layerOf(tensor) === head;
}

/** The body of one model with the head of another. */
function joined(body: ModelTensors, head: ModelTensors, isHead: (tensor: string) => boolean): ModelTensors {
  return body.map((tensor, i) => (isHead(tensor.name) ? (head[i] ?? tensor) : tensor));
}
