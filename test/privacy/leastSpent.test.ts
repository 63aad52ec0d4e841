import { expect } from "chai";
import { toMicro } from "#learning/privacy/budget";
import type { PrivateTask } from "#learning/privacy/spentInTask";
import { leastSpent, spentInTask } from "#learning/privacy/spentInTask";

const TASK: PrivateTask = {
  privacy: { kind: "dp-sgd", clip: 1, noiseMultiplier: 1, delta: 1e-5 },
  training: { optimiser: "sgd", learningRate: 0.1, momentum: 0, localEpochs: 1, batchSize: 10, seed: 1 },
  dataset: { name: "digits", inputShape: [2, 2, 1], classes: 3, mean: [0], std: [1] },
};

describe("the least that a node may say to have spent", () => {
  it("is no more than what was spent, and near it, where the numbers of records are many", () => {
    const records = [1000, 1010, 1020, 1030, 1040];
    const least = leastSpent(TASK, records)?.epsilonMicro;
    const spent = toMicro(spentInTask(TASK, records) ?? { epsilon: 0, delta: 0 }).epsilonMicro;
    expect(least).to.be.within(0.98 * spent, spent - 1);
  }).timeout(60_000);
});
