import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { digits } from "#learning/data/digits";
import { type TrainableModel, TrainingDivergedError, type TrainOptions } from "#learning/engines/engine";
import { createEngine } from "#learning/engines/createEngine";
import type { Samples } from "#learning/data/samples";
import { ConcordatError, InputError } from "#protocol/errors";

const PROGRAM = join(import.meta.dirname, "trainer.mjs");
const SPECS = [
  { name: "a", shape: [2, 3] },
  { name: "b", shape: [3] },
];
const dataset = digits();
const samples: Samples = {
  split: dataset.train,
  indices: [0, 5, 9],
  inputShape: dataset.inputShape,
  mean: dataset.mean,
  std: dataset.std,
};
const hyper = {
  optimiser: "sgd",
  learningRate: 0.1,
  momentum: 0,
  localEpochs: 1,
  batchSize: 2,
  seed: 1,
} as const;

describe("an engine that is a program", () => {
  const models: TrainableModel[] = [];
  afterEach(() => models.splice(0).forEach((model) => model.dispose()));

  async function load(
    fault = "",
    supports = "",
    classes = 10,
    timeoutSeconds = 30,
    trainers?: string,
  ): Promise<TrainableModel> {
    const command = process.execPath;
    const program = { command, args: [PROGRAM, fault, supports], timeoutSeconds };
    const engine = await createEngine({ process: program }, trainers);
    const model = await engine.load({ topology: {}, tensors: SPECS }, dataset.inputShape, classes);
    models.push(model);
    return model;
  }
  const options = (model: TrainableModel, more: Partial<TrainOptions> = {}): TrainOptions => ({
    weights: model.initialise(1),
    samples,
    hyper,
    round: 1,
    member: 1,
    ...more,
  });
  async function failure(work: Promise<unknown>): Promise<Error> {
    try {
      await work;
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error("it did not fail");
  }

  it("trains and evaluates, reports progress, and gives the weights that the program wrote", async () => {
    const model = await load();
    const progress: unknown[] = [];
    const { weights, ...result } = await model.train(
      options(model, { onProgress: (at) => progress.push(at) }),
    );
    expect(weights).to.deep.equal(model.initialise(1));
    expect(result).to.deep.equal({ samples: 3, loss: 0.25 });
    expect(progress).to.deep.equal([{ epoch: 1, epochs: 1, step: 1, steps: 1, loss: 0.5 }]);
    expect(await model.evaluate(weights, samples)).to.deep.equal({ correct: 1, total: 2 });
  });

  it("refuses weights of a program that moved what the model says stands still", async () => {
    const tensors = [
      { name: "a/kernel", shape: [2, 3] },
      { name: "b/kernel", shape: [3] },
    ];
    for (const still of ["a", "b"]) {
      const layer = (name: string) => ({ class_name: "Dense", config: { name, trainable: name !== still } });
      const topology = { class_name: "Sequential", config: { layers: [layer("a"), layer("b")] } };
      const command = { command: process.execPath, args: [PROGRAM, "move"], timeoutSeconds: 30 };
      const engine = await createEngine({ process: command });
      const model = await engine.load({ topology, tensors }, dataset.inputShape, 10);
      models.push(model);
      const training = model.train(options(model));
      if (still === "b") expect((await failure(training)).message).to.include("moved b/kernel");
      else expect((await training).weights[0]?.data).to.deep.equal(model.initialise(1)[0]?.data);
    }
  });

  it("lets a program with data of its own say how many records it trained on", async () => {
    const model = await load("own");
    expect((await model.train(options(model))).samples).to.equal(123);
  });

  it("refuses what the program does not say that it can", async () => {
    const model = await load();
    const anchor = model.initialise(2);
    const refused: readonly Partial<TrainOptions>[] = [
      { proximal: { anchor, mu: 0.1 } },
      { correction: anchor },
      { moves: () => true },
      { epochs: { first: 1, count: 1 } },
      { privacy: {} } as Partial<TrainOptions>,
    ];
    for (const more of refused) {
      const error = await failure(model.train(options(model, more)));
      expect(error).to.be.instanceOf(InputError);
      expect(error.message).to.contain(`does not support what the task needs: ${Object.keys(more)[0]}`);
    }
    expect(await failure(load("", "", 1))).to.be.instanceOf(InputError);
    const able = await load("", "moves,privacy");
    expect((await able.train(options(able, { moves: () => true }))).samples).to.equal(3);
    expect(await failure(able.train(options(able, { privacy: {} } as never)))).to.be.instanceOf(InputError);
  });

  const faults: readonly [string, string, RegExp][] = [
    [
      "prints what is not of the protocol",
      "babble",
      /outside the protocol to its standard output: "loading CUDA kernels"/,
    ],
    ["writes a line without end", "flood", /line of over 65536 bytes/],
    ["answers what nobody asked", "stranger", /outside the protocol/],
    ["crashes", "crash", /ended with code 3 .*its last words: RuntimeError: out of memory/],
    ["says that it failed", "refuse", /^The trainer failed: no such thing$/],
    ["writes no usable weights", "cut", /is not a safetensors file/],
    ["speaks another version", "version", /answered hello wrongly: protocol/],
  ];
  for (const [what, fault, message] of faults) {
    it(`gives one clear error when the program ${what}`, async () => {
      const error = await failure(load(fault).then((model) => model.train(options(model))));
      expect(error).to.be.instanceOf(ConcordatError);
      expect(error.message).to.match(message);
      expect(error.message).not.to.contain("\n");
    });
  }

  it("says so when training diverged, when an evaluation cannot be, and when there is no such program", async () => {
    const diverging = await load("diverge");
    expect(await failure(diverging.train(options(diverging)))).to.be.instanceOf(TrainingDivergedError);
    const model = await load("count");
    expect(String(await failure(model.evaluate(model.initialise(1), samples)))).to.contain(
      "answered evaluate wrongly",
    );
    const nothing = await createEngine({
      process: { command: "no-such-trainer", args: [], timeoutSeconds: 5 },
    });
    const error = await failure(nothing.load({ topology: {}, tensors: SPECS }, dataset.inputShape, 10));
    expect(error).to.be.instanceOf(InputError);
    expect(error.message).to.contain("no-such-trainer cannot be started");
  });

  it("ends a program that is silent for too long", async () => {
    const model = await load("hang", "", 10, 1);
    expect(String(await failure(model.train(options(model))))).to.contain("said nothing for 1 s");
  });

  it("goes on with a new program after a failure", async () => {
    const model = await load("crash");
    await failure(model.train(options(model)));
    expect((await model.evaluate(model.initialise(1), samples)).total).to.equal(2);
  });

  it("stops waiting at once when aborted, and takes the next call whether the program obeys or not", async () => {
    for (const fault of ["slow", "hang"]) {
      const model = await load(fault);
      const controller = new AbortController();
      const reason = new Error("the phase has ended");
      const onProgress = (): void => controller.abort(reason);
      const { signal } = controller;
      expect(await failure(model.train(options(model, { signal, onProgress })))).to.equal(reason);
      expect((await model.evaluate(model.initialise(1), samples)).total).to.equal(2);
    }
  });

  it("leaves no file behind", async () => {
    // A folder of its own: other tests start programs at the same time.
    const trainers = await mkdtemp(join(tmpdir(), "concordat-leaves-"));
    try {
      const model = await load("", "", 10, 30, trainers);
      await model.train(options(model));
      expect(readdirSync(trainers)).to.have.length(1);
      model.dispose();
      expect(readdirSync(trainers)).to.deep.equal([]);
    } finally {
      await rm(trainers, { recursive: true, force: true });
    }
  });
});
