import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { stringify } from "yaml";
import { InputError } from "#protocol/errors";
import { readExperiment } from "#experiments/readExperiment";
import { digits } from "#learning/data/digits";
import { runExperiment } from "#experiments/runExperiment";

const COMMAND = fileURLToPath(new URL("../../oracle-nodes/cli/bin/concordat.mjs", import.meta.url));
const EXPERIMENT = {
  name: "small",
  data: {
    dataset: "digits",
    nodes: 3,
    partition: { trainPerClass: 8, validationPerClass: 5, testPerClass: 20 },
  },
  model: "linear.json",
  training: { localEpochs: 1, batchSize: 8 },
  rounds: 3,
  report: [2],
  schemes: ["fedavg", { kind: "scei", strategy: "argmax-mean" }, { kind: "ditto" }, { kind: "scei-async" }],
  skews: [0.1],
  seeds: [1, 2],
  tune: { seeds: [7], rounds: 1, lambda: [0.1, 1] },
};

describe("concordat bench experiment", function () {
  this.timeout(120_000);
  let dir: string;
  let file: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "concordat-bench-"));
    file = join(dir, "small.yaml");
    await writeFile(file, stringify(EXPERIMENT));
    await writeFile(join(dir, "linear.json"), JSON.stringify(linear()));
  });
  after(async () => rm(dir, { recursive: true }));

  const results = async (out: string) =>
    Promise.all(
      ["nodes.csv", "alphas.csv", "digests.csv", "candidates.csv", "summary.md", "manifest.json"].map(
        async (name) => [name, await readFile(join(out, name), "utf8")] as const,
      ),
    );

  it("writes manifest, tables, summary and plots; runs that are killed in between end with the same bits", async () => {
    const experiment = await readExperiment(file);
    const whole = join(dir, "whole");
    const { signal } = new AbortController();
    await runExperiment(experiment, { out: whole, processes: 2, signal });

    const killed = join(dir, "killed");
    let runs = 0;
    for (let isDone = false; !isDone; runs++) {
      const kill = new AbortController();
      let trainings = 0;
      try {
        await runExperiment(experiment, {
          out: killed,
          processes: 1,
          resume: runs > 0,
          signal: kill.signal,
          // In the middle of a round, with whatever has been written of it.
          onProgress: ({ round, stage }) => {
            if (stage === "running" && round > 0 && ++trainings === 20) kill.abort(new Error("killed"));
          },
        });
        isDone = true;
      } catch (error) {
        expect((error as Error).message).to.equal("killed");
      }
    }
    expect(runs).to.be.above(2);
    expect(await results(killed)).to.deep.equal(await results(whole));

    const files = Object.fromEntries(await results(whole));
    const manifest = JSON.parse(files["manifest.json"] ?? "") as Record<string, unknown>;
    expect(manifest).to.include({ engine: "wasm", records: 2 * 3 * 4 * 3 * 2 });
    expect(manifest["seeds"]).to.deep.equal([1, 2]);
    expect(Object.keys(manifest["partitions"] as object)).to.deep.equal(["1", "2"]);
    for (const digest of ["configurationDigest", "dataset.digest"]) {
      const value = digest
        .split(".")
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], manifest);
      expect(value, digest).to.match(/^0x[0-9a-f]{64}$/);
    }
    expect(files["nodes.csv"]?.split("\n")[0]).to.equal("scheme,seed,round,node,split,correct,total");
    expect(files["summary.md"])
      .to.contain("## After 2 rounds")
      .and.to.contain("## Differences after 3 rounds");
    expect(files["summary.md"]).to.contain("Tuned on the validation split, on seeds of its own: lambda = ");
    for (const plot of ["accuracy.svg", "skew.svg", "alpha.svg"]) {
      const svg = await readFile(join(whole, plot), "utf8");
      expect(svg, plot).to.match(/^<svg/).and.to.contain("SCEI argmax-mean");
      expect(svg, plot).not.to.match(/NaN|undefined/);
    }
  });

  it("needs --resume for a folder that holds something", async () => {
    const out = join(dir, "full");
    await mkdir(out);
    await writeFile(join(out, "notes"), "mine");
    const experiment = await readExperiment(file);
    const again = await runExperiment(experiment, { out, signal: new AbortController().signal }).catch(
      (error: unknown) => error,
    );
    expect(again).to.be.instanceOf(InputError);
    expect((again as InputError).oneLine).to.contain("--resume");
  });

  for (const kill of ["SIGINT", "SIGKILL"] as const) {
    it(`leaves nothing running after ${kill}`, async () => {
      const out = join(dir, kill);
      const child = spawn(process.execPath, [COMMAND, "bench", "experiment", file, "--out", out], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const exit = once(child, "exit");
      // The trajectories write to the same pipe: it closes when the last of them is gone.
      const closed = once(child.stderr, "close");
      await once(child.stderr, "data");
      child.kill(kill);
      const [code, by] = (await exit) as [number | null, string | null];
      expect([code, by]).to.deep.equal(kill === "SIGINT" ? [130, null] : [null, "SIGKILL"]);
      await closed;
      expect((await readdir(out)).toSorted()).not.to.include("summary.md");
    });
  }

  it("says in one line what is wrong with a file", async () => {
    const bad = join(dir, "bad.yaml");
    await writeFile(bad, stringify({ ...EXPERIMENT, rounds: 0 }));
    const child = spawn(process.execPath, [COMMAND, "bench", "experiment", bad], { cwd: dir });
    let text = "";
    child.stderr.on("data", (data: Buffer) => (text += data.toString()));
    const [code] = (await once(child, "exit")) as [number];
    expect(code).to.equal(2);
    expect(text).to.match(/^concordat: The experiment's rounds is wrong: .*\n$/);
  });
});

/** One layer from pixels to logits: what these tests ask of a model is that it is soon trained. */
function linear(): object {
  const { inputShape, classes } = digits();
  const layers = [
    { class_name: "Flatten", config: { name: "flatten", batch_input_shape: [null, ...inputShape] } },
    { class_name: "Dense", config: { name: "logits", units: classes, activation: "linear", use_bias: true } },
  ];
  return { class_name: "Sequential", config: { name: "linear", layers } };
}
