// A process of its own that trains baselines: `node baselineProcess.ts SPEC.json`. Ends when its parent does.
import { readFile, writeFile } from "node:fs/promises";
import { INITIAL_MODEL, decodeArtifact, encodeArtifact } from "@concordat/protocol/artifacts/artifact";
import { memberId } from "@concordat/protocol/ids";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import { aggregationRule } from "@concordat/learning/aggregation/aggregationRule";
import type { Update } from "@concordat/learning/aggregation/rule";
import { trainLocalBaseline } from "@concordat/learning/training/baselines";
import { loadTask } from "@concordat/learning/tasks/loadTask";
import { partitionNode } from "@concordat/learning/partition/partition";
import type { BaselineNode, BaselineSpec } from "./baselines.ts";

process.once("disconnect", () => process.exit());
const [file = ""] = process.argv.slice(2);
const { manifest, data, partition, initialModel, rounds, local, fedAvg } = JSON.parse(
  await readFile(file, "utf8"),
) as BaselineSpec;
const { dataset, model, samplerFor } = await loadTask(
  manifest,
  data === undefined ? {} : { datasetDir: data },
);
const initial = decodeArtifact(new Uint8Array(await readFile(initialModel)), {
  specs: manifest.model.tensors,
  ...INITIAL_MODEL,
}).tensors;

for (const node of local) {
  const common = { initial, samples: trainingSplit(node), hyper: manifest.training, rounds };
  await save(
    node.output,
    await trainLocalBaseline(model, {
      ...common,
      member: node.member,
      onRound: () => process.send?.("trained"),
    }),
  );
}
if (fedAvg !== undefined) await save(fedAvg.output, await trainFedAvg(fedAvg.nodes));
process.disconnect?.();

/** FedAvg (McMahan et al. 2017) with all nodes in every round. */
async function trainFedAvg(nodes: readonly Omit<BaselineNode, "output">[]): Promise<ModelTensors> {
  let global = initial;
  for (let round = 1; round <= rounds; round++) {
    const updates: Update[] = [];
    for (const node of nodes) {
      const { member } = node;
      const options = {
        weights: global,
        samples: trainingSplit(node),
        hyper: manifest.training,
        round,
        member,
      };
      const trained = await model.train(options);
      updates.push({ memberId: memberId(member), samples: trained.samples, tensors: trained.weights });
      process.send?.("trained");
    }
    global = (await aggregationRule("fedavg").aggregate(updates, 0)).tensors;
  }
  return global;
}

function trainingSplit({ index }: Pick<BaselineNode, "index">) {
  const { train } = partitionNode({ dataset, ...partition }, index);
  return samplerFor(train)(dataset.train, train);
}

async function save(output: string, weights: ModelTensors): Promise<void> {
  await writeFile(output, encodeArtifact(INITIAL_MODEL, weights));
}
