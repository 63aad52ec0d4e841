import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { findGpu } from "#learning/engines/backends/findGpu";

/** Debian's Chromium brings Vulkan's loader and a software driver. */
const CHROMIUM = "/usr/lib/chromium";
const SOFTWARE_DRIVER = join(CHROMIUM, "vk_swiftshader_icd.json");
const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, "../..");

/** Variables with which a process finds a Vulkan driver; undefined where there is none. */
async function driver(): Promise<NodeJS.ProcessEnv | undefined> {
  if ("gpu" in (await findGpu())) return {};
  if (!existsSync(SOFTWARE_DRIVER)) return undefined;
  return { VK_ICD_FILENAMES: SOFTWARE_DRIVER, LD_LIBRARY_PATH: CHROMIUM };
}

describe("the engine webgpu, on a GPU or on a software driver", function () {
  this.timeout(600_000);
  let found: NodeJS.ProcessEnv | undefined;
  before(async function () {
    found = await driver();
    if (found !== undefined) return;
    console.log("      no GPU and no software driver for Vulkan (Debian's chromium has one): skipped");
    this.skip();
  });
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, args, { cwd: root, env: { ...process.env, ...found }, encoding: "utf8" });

  it("holds the contract of engines and trains every built-in model as wasm does", () => {
    const mocha = join(dirname(require.resolve("mocha/package.json")), "bin/mocha.js");
    const { status, stdout } = run(mocha, "--reporter", "spec", "test/engines/webgpuSuite.ts");
    expect(stdout).to.match(/\d\d passing/);
    if (status !== 0) expect.fail(stdout.slice(stdout.indexOf("failing")));
  });

  it("lets a process end that is done with it", () => {
    const { status, stdout } = run("--input-type=module", "-e", TRAIN_A_STEP);
    expect(stdout).to.equal("trained\n");
    expect(status).to.equal(0);
  });

  it("is not what auto takes where it would compute on the processor", function () {
    if (found?.["VK_ICD_FILENAMES"] === undefined) this.skip();
    const script = `
      const { createEngine } = await import("./oracle-nodes/learning/engines/createEngine.ts");
      console.log(JSON.stringify(await createEngine("auto")));`;
    const { stdout } = run("--input-type=module", "-e", script);
    expect(JSON.parse(stdout)).to.include({ name: "wasm" });
    expect(stdout).to.match(/not webgpu: .*SwiftShader.* is not a GPU/);
  });
});

/** Trains one step and does not end its process itself. */
const TRAIN_A_STEP = `
  const { createEngine } = await import("./oracle-nodes/learning/engines/createEngine.ts");
  const { builtInTopology } = await import("./oracle-nodes/learning/models/models.ts");
  const shape = [2];
  const model = await (await createEngine("webgpu")).load({ topology: builtInTopology("prototype-mlp", shape, 2) }, shape, 2);
  const split = { features: Float32Array.of(1, 2, 3, 4), labels: Uint8Array.of(0, 1), count: 2 };
  const samples = { split, indices: [0, 1], inputShape: shape, mean: [0, 0], std: [1, 1] };
  const hyper = { optimiser: "sgd", learningRate: 0.1, momentum: 0, localEpochs: 1, batchSize: 2, seed: 1 };
  await model.train({ weights: model.initialise(1), samples, hyper, round: 1, member: 1 });
  console.log("trained");
`;
