import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openDataFolder } from "#node/setup/dataFolder";

const ROOT = join(import.meta.dirname, "../..");
/** A training program that never ends its training. */
const HANGS = { command: process.execPath, args: [join(ROOT, "test/learning/process/trainer.mjs"), "hang"] };
/** Trains on a node's records with a program; says so once the program has begun, and waits. */
const TRAINS = `
  const { createEngine } = await import("./oracle-nodes/learning/engines/createEngine.ts");
  const [trainers] = process.argv.slice(1);
  const tensors = [{ name: "a", shape: [2] }];
  const engine = await createEngine({ process: { ...${JSON.stringify(HANGS)}, timeoutSeconds: 600 } }, trainers);
  const model = await engine.load({ topology: {}, tensors }, [2], 2);
  const split = { features: Float32Array.of(1, 2), labels: Uint8Array.of(0), count: 1 };
  const samples = { split, indices: [0], inputShape: [2], mean: [0, 0], std: [1, 1] };
  const hyper = { optimiser: "sgd", learningRate: 0.1, momentum: 0, localEpochs: 1, batchSize: 1, seed: 1 };
  const onProgress = () => console.log("training");
  await model.train({ weights: model.initialise(1), samples, hyper, round: 1, member: 1, onProgress });
`;

describe("The folder of a node's trainers", function () {
  this.timeout(60_000);

  it("keeps no records of a node that was killed once the node starts again", async () => {
    const dir = await mkdtemp(join(tmpdir(), "concordat-killed-"));
    try {
      const folder = await openDataFolder(dir, () => undefined);
      const args = ["--input-type=module", "-e", TRAINS, folder.trainers];
      const node = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(node, "exit");
      await Promise.race([once(node.stdout, "data"), ended.then(() => expect.fail("it ended early"))]);
      node.kill("SIGKILL");
      expect((await ended)[1]).to.equal("SIGKILL");
      const left = await readdir(folder.trainers, { recursive: true });
      expect(left.some((name) => name.endsWith("samples-1.safetensors"))).to.equal(true);
      await folder.release();

      const again = await openDataFolder(dir, () => undefined);
      expect(await readdir(dir)).to.not.include("trainers");
      await again.release();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
