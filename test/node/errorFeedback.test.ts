import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { ErrorFeedback } from "#node/rounds/errorFeedback";
import { digest, nodeId, taskId } from "#protocol/ids";
import type { ModelTensors } from "#protocol/artifacts/tensors";

const BASE = digest(`0x${"ab".repeat(32)}`);
const SPECS = [
  { name: "kernel", shape: [2] },
  { name: "norm/moving_mean", shape: [1] },
];
const logger = pino({ level: "silent" });
const residual = (value: number): ModelTensors => [
  { name: "kernel", shape: [2], data: Float32Array.of(value, -value) },
];
const local = (value: number): ModelTensors => [
  ...residual(value),
  { name: "norm/moving_mean", shape: [1], data: Float32Array.of(value) },
];

describe("what a node keeps of its compressed updates", () => {
  let dir: string;
  /** Opened anew for each question, as after a crash. */
  const feedback = (): ErrorFeedback => new ErrorFeedback(dir, SPECS, logger);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "concordat-feedback-"));
  });
  afterEach(async () => rm(dir, { recursive: true }));

  const keep = async (round: number, start?: number): Promise<void> => {
    const metadata = { role: "update", task: taskId(1), round, node: nodeId(1), base: BASE } as const;
    await feedback().keep(metadata, local(round), residual(round), start);
  };
  /** The value of the residual before a round when these were accepted. */
  const before = async (round: number, accepted: readonly number[]): Promise<number> => {
    const found = await feedback().residualBefore(round, async (earlier) => accepted.includes(earlier));
    return found?.tensors[0]?.data[0] ?? 0;
  };

  it("starts from zero, and again from zero while the first update is not accepted", async () => {
    expect(await before(1, [])).to.equal(0);
    await keep(1);
    expect(await before(1, [])).to.equal(0);
    expect(await before(2, [])).to.equal(0);
  });

  it("goes on from an accepted update", async () => {
    await keep(1);
    expect(await before(2, [1])).to.equal(1);
  });

  it("falls back to where a rejected or missing update started, over any number of rounds", async () => {
    await keep(1);
    await keep(2, 1);
    expect(await before(3, [1])).to.equal(1);
    await keep(3, 1);
    expect(await before(7, [1])).to.equal(1);
    expect(await before(4, [1, 3])).to.equal(3);
  });

  it("starts a retried round, or one repeated after a crash, where it started before", async () => {
    await keep(1);
    await keep(2, 1);
    expect(await before(2, [1])).to.equal(1);
    await keep(2, 1);
    expect(await before(3, [1, 2])).to.equal(2);
  });

  it("keeps two residuals at most, and the local models that are asked for", async () => {
    for (const round of [1, 2, 3, 4]) await keep(round, round - 1);
    await feedback().forgetLocalBefore(4);
    expect((await readdir(dir)).toSorted()).to.deep.equal([
      "local-4.safetensors",
      "residual-3.safetensors",
      "residual-4.safetensors",
    ]);
  });

  it("gives the dense local model of a round, with its statistics, to who knows its base", async () => {
    await keep(2);
    expect(await feedback().localModel(2, BASE)).to.deep.equal(local(2));
    expect(await feedback().localModel(1, BASE)).to.equal(undefined);
    const other = digest(`0x${"cd".repeat(32)}`);
    const refused = await feedback().localModel(2, other).catch(String);
    expect(refused).to.contain("base");
  });

  it("takes a damaged residual for zero", async () => {
    await keep(1);
    await writeFile(join(dir, "residual-1.safetensors"), "damaged");
    expect(await before(2, [1])).to.equal(0);
  });
});
