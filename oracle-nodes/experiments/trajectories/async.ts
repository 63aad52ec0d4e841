import { alphaCandidates } from "@concordat/protocol/rules/alphaSelection";
import type { Bps } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { mix, scoreCandidates } from "@concordat/learning/training/personalise";
import { SeededRandom } from "@concordat/learning/seededRandom";
import { globalBytes, updateBytes } from "../bytes.ts";
import { modelOf, numberOf, type AlphaRow, type Trajectory } from "../trajectory.ts";
import type { Experiment } from "../experiment.ts";
import { digestOfModel } from "../modelDigest.ts";
import { gridTerms, negotiatedAlpha } from "../negotiation.ts";
import type { SchemeOf } from "../schemes.ts";
import { scoreScheme } from "../scoring.ts";

/** One finished training on the virtual clock. */
export interface Arrival {
  /** Position of the node among the members. */
  readonly index: number;
  /** The node's own count of trainings, from 1 (t* of paper 1, section 3.4). */
  readonly version: number;
  /** When it arrives, in units of the fastest node's training. */
  readonly time: number;
}

/**
 * The first `count` arrivals in order. Node speeds are spread evenly in logarithm over [1, spread], and each training takes
 * its node's time within 10 %: both from the seed, so the schedule is the same wherever it runs. Ties go to the first node.
 */
export function arrivals(seed: number, nodes: number, spread: number, count: number): readonly Arrival[] {
  const durations = Array.from({ length: nodes }, (_, index) => {
    const random = new SeededRandom(seed, "async clock", index);
    const pace = spread ** random.uniform();
    return () => pace * random.uniform(0.9, 1.1);
  });
  const next = durations.map((duration, index): Arrival => ({ index, version: 1, time: duration() }));
  return Array.from({ length: count }, () => {
    const first = next.reduce((best, arrival) => (arrival.time < best.time ? arrival : best));
    const { index, version, time } = first;
    next[index] = { index, version: version + 1, time: time + (durations[index]?.() ?? 0) };
    return first;
  });
}

/**
 * SCEI-Async (paper 1, section 3.4, Algorithm 2) on a virtual clock: each arrival makes w_G <- (w_G + w_k) / 2 at once,
 * its node scores the candidates with the new w_G, alpha is the argmax of the mean over the latest tables of all nodes that
 * have reported, and the node goes on from that w_G. A round of the record is K arrivals; the slow have had fewer of them.
 */
export function asyncTrajectory(
  experiment: Experiment,
  label: string,
  scheme: SchemeOf<"scei-async">,
): Trajectory {
  const terms = gridTerms(experiment, scheme.grid);
  const candidates = alphaCandidates(terms);
  const base = (node: number) => `base ${node}`;
  const personal = (node: number) => `w_kp ${node}`;
  return {
    name: `scei-async-${scheme.grid}-${scheme.spread}`,
    schemes: [label],
    settings: { alphas: experiment.alphas, scheme },
    trainings: 1,
    begin: ({ members, initial }) => ({
      models: {
        w_G: initial,
        ...Object.fromEntries(
          members.flatMap(({ id }) => [
            [base(id), initial],
            [personal(id), initial],
          ]),
        ),
      },
      numbers: {},
    }),
    async round(context, state) {
      const { federation, round, onTraining } = context;
      const { members, model, seed, signal } = federation;
      const models: Record<string, ModelTensors> = { ...state.models };
      const numbers: Record<string, number> = { ...state.numbers };
      const next = { models, numbers };
      const alphas = new Map<number, AlphaRow>();
      const schedule = arrivals(seed, members.length, scheme.spread, round * members.length);
      for (const { index, version } of schedule.slice(-members.length)) {
        const member = members[index];
        if (member === undefined) throw new Error(`There is no node at ${index}`);
        const { id } = member;
        const { tensors } = await federation.train(member, version, { weights: modelOf(next, base(id)) });
        const global = mix(5000 as Bps, tensors, modelOf(next, "w_G"));
        models["w_G"] = global;
        models[base(id)] = global;
        const scores = await scoreCandidates(model, candidates, tensors, global, member.validation, signal);
        scores.forEach((score, r) => (numbers[`score ${id} ${r}`] = score));
        const tables = members
          .filter((one) => numbers[`score ${one.id} 0`] !== undefined)
          .map((one) => candidates.map((_, r) => numberOf(next, `score ${one.id} ${r}`)));
        const alpha = negotiatedAlpha("argmax-mean", terms, tables);
        models[personal(id)] = mix(alpha, tensors, global);
        alphas.set(id, { scheme: label, node: id, alpha: alpha / 10_000 });
        onTraining();
      }
      const global = modelOf(next, "w_G");
      return {
        state: next,
        record: {
          scores: await scoreScheme(context, label, ({ id }) => modelOf(next, personal(id))),
          alphas: [...alphas.values()].toSorted((a, b) => a.node - b.node),
          bytes: [{ scheme: label, up: updateBytes(global, round, 1), down: globalBytes(global, round) }],
          candidates: [],
          digests: { w_G: digestOfModel(global) },
        },
      };
    },
  };
}
