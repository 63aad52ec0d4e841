import { expect } from "chai";
import { InputError } from "#protocol/errors";
import { checkManifest, type TaskManifest } from "#protocol/manifest/manifest";
import { datasetTerms } from "#learning/data/dataset";
import { digits } from "#learning/data/digits";
import { scoreOf } from "#learning/engines/engine";
import { loadTask } from "#learning/tasks/loadTask";
import { manifestModel } from "#learning/models/manifestModel";
import { builtInTopology } from "#learning/models/models";

async function manifest(): Promise<TaskManifest> {
  const dataset = datasetTerms(digits());
  const { inputShape, classes } = dataset;
  return checkManifest({
    format: "concordat/manifest/1",
    name: "test",
    description: "",
    model: await manifestModel(builtInTopology("mlp", inputShape, classes), inputShape, classes),
    dataset,
    training: { optimiser: "sgd", learningRate: 0.1, momentum: 0.5, localEpochs: 1, batchSize: 10, seed: 1 },
    evaluation: { metric: "accuracy", negotiationSplit: "validation" },
    privacy: { kind: "none" },
    compression: { kind: "none" },
  });
}

async function message(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, got ${String(error)}`);
  return error.oneLine;
}

describe("loadTask", function () {
  this.timeout(30_000);
  it("gives a model and data that train", async () => {
    const task = await loadTask(await manifest());
    const samples = task.samplerFor([0, 1, 2])(task.dataset.train, [0, 1, 2]);
    const weights = task.model.initialise(1);
    const { training: hyper } = await manifest();
    expect((await task.model.train({ weights, samples, hyper, round: 1, member: 1 })).samples).to.equal(3);
    task.model.dispose();
  });

  it("normalises by the node's training records alone where the manifest leaves that to the node", async () => {
    const given = await manifest();
    const task = await loadTask({ ...given, dataset: { ...given.dataset, mean: [], std: [] } });
    const { train } = task.dataset;
    const own = [5, 6, 7];
    const samples = task.samplerFor(own);
    const pixels = own.flatMap((i) =>
      [...train.features.subarray(i * 256, (i + 1) * 256)].map((p) => p / 255),
    );
    const mean = pixels.reduce((sum, p) => sum + p, 0) / pixels.length;
    const variance = pixels.reduce((sum, p) => sum + (p - mean) ** 2, 0) / pixels.length;
    const fitted = samples(task.dataset.test, [0]);
    expect(fitted.mean[0]).to.be.closeTo(mean, 1e-12);
    expect(fitted.std[0]).to.be.closeTo(Math.sqrt(variance), 1e-12);
    expect(task.samplerFor([8])(train, [8]).mean).to.not.deep.equal(fitted.mean);
    task.model.dispose();
  });

  it("learns a number to predict from a table", async () => {
    const count = 200;
    const features = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(7 * i) * (i % 2 ? 1 : 100));
    const targets = Float32Array.from(
      { length: count },
      (_, i) => (features[2 * i] ?? 0) / 50 - (features[2 * i + 1] ?? 0),
    );
    const split = { features, labels: new Uint16Array(count), targets, count };
    const terms = {
      name: "csv" as const,
      inputShape: [2],
      classes: 1,
      mean: [],
      std: [],
      columns: ["a", "b"].map((name) => ({ kind: "numeric" as const, name })),
      target: { kind: "number" as const, name: "c", offset: 0, scale: 1 },
    };
    const table = checkManifest({
      ...(await manifest()),
      model: await manifestModel(builtInTopology("mlp", [2], 1), [2], 1),
      dataset: terms,
      evaluation: { metric: "mae", scale: 1000, negotiationSplit: "validation" },
    });
    const { model, dataset, samplerFor } = await loadTask(table, {
      dataset: { ...terms, train: split, test: split },
    });
    const train = Array.from({ length: 150 }, (_, i) => i);
    const samples = samplerFor(train);
    const validation = samples(
      dataset.train,
      Array.from({ length: 50 }, (_, i) => 150 + i),
    );
    const score = scoreOf(table.evaluation, 65_535);
    const weights = model.initialise(1);
    const hyper = { ...table.training, learningRate: 0.02, localEpochs: 10 };
    const before = score(await model.evaluate(weights, validation));
    const trained = await model.train({
      weights,
      samples: samples(dataset.train, train),
      hyper,
      round: 1,
      member: 1,
    });
    const after = score(await model.evaluate(trained.weights, validation));
    expect(after).to.be.below(before / 3);
    model.dispose();
  });

  it("says when the data does not fit the manifest", async () => {
    const right = await manifest();
    const shape = { ...right, dataset: { ...right.dataset, inputShape: [28, 28, 1] } };
    expect(await message(loadTask(shape))).to.include(
      "16 x 16 x 1 in 10 classes, but the task's manifest says 28 x 28 x 1",
    );
    const classes = { ...right, dataset: { ...right.dataset, classes: 4 } };
    expect(await message(loadTask(classes))).to.include("says 16 x 16 x 1 in 4");
    const other = { ...right, dataset: { ...right.dataset, name: "mnist" as const } };
    expect(await message(loadTask(other, { dataset: digits() }))).to.include(
      "needs the dataset mnist, not digits",
    );
    expect(await message(loadTask(other))).to.include("--data DIR");
  });
});
