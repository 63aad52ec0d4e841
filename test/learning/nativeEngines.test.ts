import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { InputError } from "#protocol/errors";
import { createEngine } from "#learning/engines/createEngine";

const root = join(import.meta.dirname, "../..");

/**
 * A package in the place of tfjs-node, whose library cannot be downloaded everywhere: like it, it is CommonJS, calls
 * functions of node:util that Node 23 removed, and registers a backend named tensorflow, here with cpu's kernels.
 */
const PACKAGE = `
  const util = require("util");
  if (util.isNullOrUndefined(0) || !util.isNullOrUndefined(undefined) || util.isString(1)) throw new Error("wrong");
  const tf = require("@tensorflow/tfjs-core");
  const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");
  class Backend extends MathBackendCPU {
    isUsingGpuDevice = process.env.WITH_GPU === "1";
  }
  tf.registerBackend("tensorflow", () => new Backend(), 3);
  for (const kernel of tf.getKernelsForBackend("cpu")) tf.registerKernel({ ...kernel, backendName: "tensorflow" });
  if (!tf.setBackend("tensorflow")) throw new Error("Could not initialize TensorFlow backend");
`;

/** Opens an engine, trains two steps on it and prints its name, the backend and the loss, or the error's line. */
const script = (engine: string) => `
  const { createEngine } = await import("./oracle-nodes/learning/engines/createEngine.ts");
  const { builtInTopology } = await import("./oracle-nodes/learning/models/models.ts");
  const tf = await import("@tensorflow/tfjs-core");
  try {
    const engine = await createEngine("${engine}");
    const shape = [2];
    const model = await engine.load({ topology: builtInTopology("prototype-mlp", shape, 2) }, shape, 2);
    const split = { features: Float32Array.of(1, 2, 3, 4), labels: Uint8Array.of(0, 1), count: 2 };
    const samples = { split, indices: [0, 1], inputShape: shape, mean: [0, 0], std: [1, 1] };
    const hyper = { optimiser: "sgd", learningRate: 0.1, momentum: 0, localEpochs: 2, batchSize: 2, seed: 1 };
    const { loss } = await model.train({ weights: model.initialise(1), samples, hyper, round: 1, member: 1 });
    console.log(JSON.stringify({ name: engine.name, reason: engine.reason, backend: tf.getBackend(), loss }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.oneLine ?? error.stack }));
  }
`;

describe("the native engines", function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-native-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function install(name: string, source: string): Promise<void> {
    const place = join(folder, "node_modules", name);
    await mkdir(place, { recursive: true });
    await writeFile(
      join(place, "package.json"),
      JSON.stringify({ name, version: "4.22.0", main: "index.js" }),
    );
    await writeFile(join(place, "index.js"), source);
  }
  function open(engine: string, env: NodeJS.ProcessEnv = {}): Record<string, string | number> {
    const modules = [join(folder, "node_modules"), join(root, "node_modules")].join(":");
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script(engine)], {
      cwd: root,
      env: { ...process.env, NODE_PATH: modules, ...env },
      encoding: "utf8",
    });
    expect(stdout, stderr).to.match(/^\{.*\}\n$/);
    return JSON.parse(stdout) as Record<string, string | number>;
  }

  it("say how they are installed where they are not", async () => {
    for (const [engine, line] of [
      ["tensorflow", "npm install @tensorflow/tfjs-node@4.22.0"],
      ["tensorflow-gpu", "npm install @tensorflow/tfjs-node-gpu@4.22.0"],
    ] as const) {
      const error = await createEngine(engine).then(
        () => expect.fail(`${engine} is installed: the test does not expect it`),
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(InputError);
      expect((error as InputError).oneLine)
        .to.include("which is not installed")
        .and.to.include(line);
    }
  });

  it("load where they are installed, under a Node without the functions that they call", async () => {
    expect(Object.hasOwn(await import("node:util"), "isNullOrUndefined")).to.equal(false);
    await install("@tensorflow/tfjs-node", PACKAGE);
    const found = open("tensorflow");
    expect(found).to.include({ name: "tensorflow", backend: "tensorflow" });
    expect(found["loss"]).to.equal(open("cpu")["loss"]);
  });

  it("are what auto takes first", async () => {
    await install("@tensorflow/tfjs-node", PACKAGE);
    const found = open("auto");
    expect(found).to.include({ name: "tensorflow", backend: "tensorflow" });
    expect(found["reason"]).to.include("not tensorflow-gpu: not installed");
    await install("@tensorflow/tfjs-node-gpu", PACKAGE);
    expect(open("auto", { WITH_GPU: "1" })).to.include({ name: "tensorflow-gpu" });
  });

  it("on a GPU are refused where TensorFlow sees none", async () => {
    await install("@tensorflow/tfjs-node-gpu", PACKAGE);
    expect(open("tensorflow-gpu")["error"]).to.equal(
      "TensorFlow finds no GPU. Check the CUDA driver, or choose another engine",
    );
  });

  it("say what to do where the library is missing, and auto goes on to the next", async () => {
    await rm(join(folder, "node_modules"), { recursive: true, force: true });
    await install(
      "@tensorflow/tfjs-node",
      'throw new Error("The Node.js native addon module (tfjs_binding.node) can not be found")',
    );
    expect(open("tensorflow")["error"])
      .to.include("does not start: The Node.js native addon module (tfjs_binding.node) can not be found")
      .and.to.include("npm rebuild @tensorflow/tfjs-node");
    const found = open("auto");
    expect(found["name"]).to.not.equal("tensorflow");
    expect(found["reason"]).to.include(
      "not tensorflow: @tensorflow/tfjs-node is installed but does not start",
    );
  });
});
