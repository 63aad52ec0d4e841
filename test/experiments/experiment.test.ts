import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import { parseExperiment, reportedRounds, variantsOf } from "#experiments/experiment";
import { readExperiment } from "#experiments/readExperiment";

const LEAST = {
  name: "least",
  data: { dataset: "digits", nodes: 4 },
  model: "mlp",
  rounds: 3,
  schemes: ["fedavg", { kind: "scei", strategy: "argmax-mean" }],
  seeds: [1, 2],
};

describe("An experiment's file", () => {
  const refuses = (changes: object, ...words: string[]) => {
    expect(() => parseExperiment({ ...LEAST, ...changes }))
      .to.throw(InputError)
      .with.property("message")
      .that.satisfies((message: string) => words.every((word) => message.includes(word)), words.join());
  };

  it("needs little: paper 1's training, grid and rule are the defaults", () => {
    const experiment = parseExperiment(LEAST);
    expect(experiment.training).to.deep.equal({
      localEpochs: 5,
      batchSize: 10,
      learningRate: 0.01,
      momentum: 0.5,
    });
    expect(experiment.alphas).to.deep.equal({ lower: 0.5, upper: 0.8, steps: 10 });
    expect(experiment.rule).to.deep.equal({ name: "fedavg", f: 0 });
    expect(experiment.schemes[1]).to.deep.include({ base: "global", grid: "include-upper" });
    expect(reportedRounds(parseExperiment({ ...LEAST, report: [2] }))).to.deep.equal([2, 3]);
  });

  it("is refused with the key that is wrong", () => {
    refuses({ round: 3 }, "unknown key round");
    refuses({ training: { epochs: 2 } }, "unknown key training.epochs");
    refuses({ rounds: 0 }, "rounds");
    refuses(
      { data: { dataset: "digits", nodes: 4, partition: { kind: "dirichlet" } } },
      "data.partition.alpha",
    );
    refuses({ schemes: ["fedavg", "fedsgd"] }, "schemes.1");
    refuses({ schemes: ["fedavg", "fedavg"] }, "schemes.1", "twice");
    refuses({ alphas: { lower: 0.8, upper: 0.5, steps: 3 } }, "alphas.upper");
    refuses({ alphas: { lower: 0.12345, upper: 0.5, steps: 3 } }, "alphas.lower", "four decimals");
    refuses({ seeds: [1, 1] }, "seeds");
    refuses({ skews: [0.1, 0.3] }, "skews.1");
    refuses({ report: [4] }, "report", "3 rounds");
    refuses({ rule: { name: "multiKrum", f: 1 } }, "rule.f", "5 nodes");
    refuses({ attackers: [{ kind: "sign-flip", nodes: [5] }] }, "attackers.0.nodes", "no node 5");
    refuses({ attackers: [{ kind: "label-flip", nodes: [1, 2, 3, 4] }] }, "attackers", "no node is honest");
    refuses({ compare: [["FedAvg", "Local"]] }, "compare.0", "Local");
    refuses({ schemes: ["scaffold"], compression: { kind: "top-k", keepBps: 100 } }, "schemes.0");
  });

  it("may have variants, each checked as an experiment of its own", () => {
    const variants = [
      { name: "plain" },
      { name: "private", privacy: { kind: "dp-sgd", clip: 1, epsilon: 2, delta: 1e-5 } },
      {
        name: "attacked",
        attackers: [{ kind: "noise", nodes: [1], deviation: 1 }],
        rule: { name: "median" },
      },
    ];
    const [plain, hidden, attacked] = variantsOf(parseExperiment({ ...LEAST, variants }));
    expect(plain?.experiment).to.deep.equal(parseExperiment(LEAST));
    expect(hidden?.experiment.privacy).to.deep.include({ epsilon: 2 });
    expect(attacked?.experiment.rule).to.deep.equal({ name: "median", f: 0 });
    expect(() =>
      parseExperiment({ ...LEAST, variants, compare: [["FedAvg, private", "FedAvg, plain"]] }),
    ).not.to.throw();
    refuses({ variants: [variants[0], variants[0]] }, "variants", "twice");
    refuses({ variants: [{ name: "x", rule: { name: "krum", f: 1 } }] }, "variants.0.rule.f");
    refuses({ variants, schemes: ["scaffold"] }, "schemes.0", "privacy");
  });

  it("is refused when tuning is asked for without values, with unequal trials, or on the experiment's own seeds", () => {
    refuses({ schemes: ["ditto"] }, "tune.lambda");
    const tune = { seeds: [9], rounds: 1, mu: [0.1, 1], lambda: [1] };
    refuses({ schemes: ["fedprox", "ditto"], tune }, "tune.lambda", "trials");
    refuses({ schemes: ["fedprox"], tune: { ...tune, lambda: undefined, seeds: [2] } }, "tune.seeds");
  });

  it("counts relative paths from its own folder, and says in which line it is no YAML", async () => {
    const dir = await mkdtemp(join(tmpdir(), "concordat-experiment-"));
    try {
      const file = join(dir, "one.yaml");
      const text = JSON.stringify({
        ...LEAST,
        model: "net.json",
        data: { dataset: "mnist", dir: "files", nodes: 2 },
      });
      await writeFile(file, text);
      const { data, model } = await readExperiment(file);
      expect([data.dir, model]).to.deep.equal([join(dir, "files"), join(dir, "net.json")]);
      expect((await readExperiment(file, "/elsewhere")).data.dir).to.equal("/elsewhere");

      await writeFile(file, "name: x\nrounds: ]");
      const error: unknown = await readExperiment(file).catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(InputError);
      expect((error as Error).message).to.contain("not YAML, line 2");
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
