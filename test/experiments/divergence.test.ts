import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { stringify } from "yaml";
import { atNode, RunDivergedError } from "#experiments/divergence";
import { parseExperiment } from "#experiments/experiment";
import type { Results } from "#experiments/results/collect";
import { summary } from "#experiments/results/summary";
import { runExperiment, type ExperimentProgress } from "#experiments/runExperiment";
import { schemeLabel } from "#experiments/schemes";
import { TrainingDivergedError } from "#learning/engines/engine";

const COMMAND = fileURLToPath(new URL("../../oracle-nodes/cli/bin/concordat.mjs", import.meta.url));
/** With these hyperparameters seed 6 diverges in round 1, seed 5 in round 2, and its Ditto in round 1 already. */
const EXPERIMENT = {
  name: "steep",
  data: {
    dataset: "digits",
    nodes: 2,
    partition: { trainPerClass: 20, validationPerClass: 5, testPerClass: 10 },
  },
  model: "mlp",
  training: { localEpochs: 1, learningRate: 0.7, momentum: 0.95, batchSize: 5 },
  rounds: 1,
  schemes: ["fedavg", "local", { kind: "ditto", lambda: 0.1 }],
  seeds: [5, 6],
};

describe("an experiment of which runs diverge", function () {
  this.timeout(120_000);
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "concordat-diverge-"));
  });
  after(async () => rm(dir, { recursive: true }));
  const { signal } = new AbortController();
  const rows = async (out: string, name: string) =>
    (await readFile(join(out, name), "utf8")).trim().split("\n").slice(1);

  it("goes on with the others, says which diverged, and does not try them again", async () => {
    const out = join(dir, "out");
    const diverged = await runExperiment(parseExperiment(EXPERIMENT), { out, processes: 2, signal });
    expect(diverged.map(({ schemes, seed, round }) => [...schemes, seed, round])).to.deep.equal([
      ["Ditto lambda 0.1", 5, 1],
      ["FedAvg", "Ditto lambda 0.1", 6, 1],
      ["Local", 6, 1],
    ]);
    for (const { node, problem } of diverged) {
      expect(node).to.be.within(1, 2);
      expect(problem).to.match(/^its loss is (NaN|Infinity) in step \d+$|is not finite$/);
    }
    const scored = (await rows(out, "accuracy.csv")).map((row) => row.split(",").slice(0, 3).join());
    expect(scored).to.deep.equal(["FedAvg,5,1", "Local,5,1"]);
    expect(await rows(out, "diverged.csv")).to.have.length(4);
    const text = await readFile(join(out, "summary.md"), "utf8");
    expect(text).to.match(/\| FedAvg \| 6 \| 1 \| [12] \| its loss is/);
    expect(text).to.match(/\| FedAvg \| \d+\.\d\d \(n = 1\) \|/);
    expect(text).not.to.match(/NaN [^i]|undefined/);
    const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as { diverged: unknown };
    expect(manifest.diverged).to.deep.equal(diverged);

    const news: ExperimentProgress[] = [];
    const onProgress = (progress: ExperimentProgress) => news.push(progress);
    const again = await runExperiment(parseExperiment(EXPERIMENT), { out, resume: true, signal, onProgress });
    expect(again).to.deep.equal(diverged);
    expect(news.every(({ secondsLeft }) => secondsLeft === undefined)).to.equal(true);
    expect(news.at(-1)?.done).to.equal(news.at(-1)?.total);
    expect(news.flatMap(({ diverged: run }) => (run === undefined ? [] : [run.seed]))).to.deep.equal([6, 6]);
  });

  it("says once where a scheme ended, when its trajectory ends later", async () => {
    const out = join(dir, "out");
    const longer = parseExperiment({ ...EXPERIMENT, rounds: 2 });
    const diverged = await runExperiment(longer, { out, resume: true, signal });
    expect(diverged.map(({ schemes, seed, round }) => [...schemes, seed, round])).to.deep.equal([
      ["Ditto lambda 0.1", 5, 1],
      ["FedAvg", 5, 2],
      ["FedAvg", "Ditto lambda 0.1", 6, 1],
      ["Local", 5, 2],
      ["Local", 6, 1],
    ]);
    // What was measured before is kept.
    expect((await rows(out, "accuracy.csv")).map((row) => row.split(",").slice(0, 3).join())).to.deep.equal([
      "FedAvg,5,1",
      "Local,5,1",
    ]);
    expect(await readFile(join(out, "summary.md"), "utf8")).to.include("## Runs that diverged");
  });

  it("ends with results, exit code 3, and a line that names scheme, seed, round and node", async () => {
    const file = join(dir, "steep.yaml");
    await writeFile(file, stringify({ ...EXPERIMENT, schemes: ["fedavg"], seeds: [6] }));
    const child = spawn(process.execPath, [COMMAND, "bench", "experiment", file, "--out", join(dir, "cli")]);
    let errors = "";
    let output = "";
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    const [code] = (await once(child, "close")) as [number];
    expect(code).to.equal(3);
    expect(errors).to.match(/^FedAvg: seed 6 diverged in round 1 at node [12]: its loss is/m);
    expect(output).to.include("read summary.md first");
  });

  it("chooses no value with which a tuning run diverged, and says so", async () => {
    const experiment = parseExperiment({
      ...EXPERIMENT,
      schemes: [{ kind: "ditto", lambda: "tuned" }],
      seeds: [5],
      tune: { seeds: [6], rounds: 1, lambda: [0.1, 0.2] },
    });
    const out = join(dir, "tuned");
    await runExperiment(experiment, { out, signal });
    expect(await readFile(join(out, "summary.md"), "utf8")).to.include(
      "lambda = 0.1 (0.1: diverged, 0.2: diverged)",
    );
  });

  it("takes nothing but a divergence for one", async () => {
    const fault = new Error("fault");
    expect(await atNode(3, () => Promise.reject(fault)).catch((error: unknown) => error)).to.equal(fault);
    const cause = new TrainingDivergedError("Training diverged: its loss is NaN in step 4");
    const error = await atNode(3, () => Promise.reject(cause)).catch((reason: unknown) => reason);
    expect(error)
      .to.be.instanceOf(RunDivergedError)
      .and.include({ node: 3, message: "its loss is NaN in step 4" });
    expect(await atNode(3, () => Promise.resolve(7))).to.equal(7);
  });

  it("compares two schemes over the seeds that both have, and says how many", () => {
    const experiment = parseExperiment({
      ...EXPERIMENT,
      schemes: ["fedavg", "local"],
      seeds: [1, 2, 3],
      compare: [["FedAvg", "Local"]],
    });
    const score = (scheme: string, seed: number, correct: number) => {
      return { scheme, seed, round: 1, node: 1, split: "test", correct, total: 100 };
    };
    const results: Results = {
      scores: [
        score("FedAvg", 1, 50),
        score("FedAvg", 2, 90),
        score("FedAvg", 3, 60),
        score("Local", 1, 40),
        score("Local", 3, 46),
      ],
      alphas: [],
      bytes: [],
      candidates: [],
      digests: [],
      diverged: [{ schemes: ["Local"], seed: 2, round: 1, node: 4, problem: "its loss is NaN in step 9" }],
      facts: new Map(),
    };
    const schemes = experiment.schemes.map((scheme) => ({ label: schemeLabel(scheme), scheme }));
    const text = summary(experiment, schemes, results, []);
    expect(text).to.include("| Local | 2 | 1 | 4 | its loss is NaN in step 9 |");
    expect(text).to.include("| FedAvg | 66.67 ± 20.82 |");
    expect(text).to.include("| Local | 43.00 ± 4.24 (n = 2) |");
    // (50 - 40 + 60 - 46) / 2, not what the second of each would give.
    expect(text).to.include("| FedAvg minus Local | clean | 2 | +12.00 |");
  });
});
