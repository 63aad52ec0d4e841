import { expect } from "chai";
import { ArtifactError } from "#protocol/errors";
import { bps } from "#protocol/ids";
import { digits } from "#learning/data/digits";
import { accuracyBps, scoreOf } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import { builtInTopology } from "#learning/models/models";
import { partitionNode } from "#learning/partition/partition";
import { mix, scoreCandidates } from "#learning/training/personalise";
import { trainLocalBaseline } from "#learning/training/baselines";

const tensors = (...data: number[]) => [{ name: "w", shape: [data.length], data: Float32Array.from(data) }];

describe("mix", () => {
  it("is alpha w_k + (1 - alpha) w_G, worked by hand", () => {
    expect([...(mix(bps(2_500), tensors(4, -8, 0), tensors(0, 4, 2))[0]?.data ?? [])]).to.deep.equal([
      1, 1, 1.5,
    ]);
  });

  it("rounds once, from float64", () => {
    const [a, b] = [Math.fround(0.1), Math.fround(0.7)];
    expect(mix(bps(3_300), tensors(a), tensors(b))[0]?.data[0]).to.equal(Math.fround(0.33 * a + 0.67 * b));
  });

  it("gives either model at the ends of the range", () => {
    const [local, global] = [tensors(0.3, 1e-30), tensors(-0.2, 7)];
    expect(mix(bps(10_000), local, global)).to.deep.equal(local);
    expect(mix(bps(0), local, global)).to.deep.equal(global);
  });

  it("refuses models with different tensors", () => {
    expect(() => mix(bps(1), tensors(1), [])).to.throw(ArtifactError);
    expect(() => mix(bps(1), tensors(1), tensors(1, 2))).to.throw(ArtifactError, "differ in tensor w");
  });
});

describe("a score", () => {
  it("is the accuracy in basis points, or the scaled mean absolute error up to the greatest score", () => {
    const split = { negotiationSplit: "validation" } as const;
    expect(scoreOf({ metric: "accuracy", ...split }, 10_000)({ correct: 2, total: 3 })).to.equal(6_666);
    const error = scoreOf({ metric: "mae", scale: 100, ...split }, 0xffff);
    expect(error({ correct: 0, total: 4, absoluteError: 10 })).to.equal(250);
    expect(error({ correct: 0, total: 4, absoluteError: 1e9 })).to.equal(0xffff);
    expect(error({ correct: 0, total: 4, absoluteError: Number.NaN })).to.equal(0xffff);
    expect(error({ correct: 0, total: 4, absoluteError: Infinity })).to.equal(0xffff);
  });
});

describe("the negotiation's table", function () {
  this.timeout(60_000);

  it("holds the validation score of each candidate", async () => {
    const dataset = digits();
    const { train, validation } = partitionNode({ dataset, nodes: 5, seed: 7 }, 0);
    const engine = await createEngine("auto");
    const { inputShape, classes, mean, std } = dataset;
    const model = await engine.load(
      { topology: builtInTopology("mlp", inputShape, classes) },
      inputShape,
      classes,
    );
    const of = (indices: readonly number[]) => ({ split: dataset.train, indices, inputShape, mean, std });
    const initial = model.initialise(1);
    const hyper = {
      optimiser: "sgd" as const,
      learningRate: 0.05,
      momentum: 0.5,
      localEpochs: 1,
      batchSize: 10,
      seed: 3,
    };
    const local = await trainLocalBaseline(model, {
      initial,
      samples: of(train),
      hyper,
      rounds: 2,
      member: 1,
    });

    const alphas = [1_000, 5_000, 10_000].map(bps);
    const scores = await scoreCandidates(model, alphas, local, initial, of(validation));
    expect(scores.length).to.equal(3);
    expect(scores[2]).to.equal(accuracyBps(await model.evaluate(local, of(validation))));
    expect(scores[2]).to.be.greaterThan(scores[0] ?? 10_000);

    const byHand = await model.train({ weights: initial, samples: of(train), hyper, round: 1, member: 1 });
    const second = await model.train({
      weights: byHand.weights,
      samples: of(train),
      hyper,
      round: 2,
      member: 1,
    });
    expect(local).to.deep.equal(second.weights);
    model.dispose();
  });
});
