import type { Update } from "@concordat/learning/aggregation/rule";
import type { ModelTensors, NamedTensor } from "@concordat/protocol/artifacts/tensors";
import type { Samples } from "@concordat/learning/data/samples";
import { SeededRandom } from "@concordat/learning/seededRandom";
import type { Attack } from "./experiment.ts";

/** Samples whose label y is classes - 1 - y. */
export function flipLabels(samples: Samples, classes: number): Samples {
  const { split } = samples;
  return { ...samples, split: { ...split, labels: split.labels.map((label) => classes - 1 - label) } };
}

/** What an attacker sends in place of its trained model; an honest member's update passes unchanged. */
export function attackUpdate(
  attack: Attack | undefined,
  update: Update,
  base: ModelTensors,
  { seed, round }: { readonly seed: number; readonly round: number },
): Update {
  switch (attack?.kind) {
    case undefined:
    case "label-flip":
      return update;
    case "sign-flip":
      return replaced(update, (w, i, tensor) => {
        const from = base[tensor]?.data[i] ?? 0;
        return from - attack.scale * (w - from);
      });
    case "noise": {
      const random = new SeededRandom(seed, "attack", round, update.memberId);
      return replaced(update, (w) => w + attack.deviation * random.normal());
    }
  }
}

function replaced(update: Update, value: (w: number, index: number, tensor: number) => number): Update {
  const tensors = update.tensors.map(({ name, shape, data }, tensor): NamedTensor => ({
    name,
    shape,
    data: data.map((w, index) => value(w, index, tensor)),
  }));
  return { ...update, tensors };
}
