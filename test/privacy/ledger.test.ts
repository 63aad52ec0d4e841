import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConcordatError } from "#protocol/errors";
import { BudgetSpentError, PrivacyLedger } from "#node/privacyLedger";
import { epsilonOf } from "#learning/privacy/accountant";
import { toMicro } from "#learning/privacy/budget";
import type { Use } from "#learning/privacy/mechanism";

const round: readonly Use[] = [
  { mechanism: { kind: "gaussian", noiseMultiplier: 1.5, samplingRate: 0.05 }, times: 20 },
];
const times = (count: number): Use[] =>
  round.map(({ mechanism, times: each }) => ({ mechanism, times: count * each }));

describe("A node's privacy ledger", function () {
  this.timeout(20_000);
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-ledger-"));
    path = join(folder, "privacy-ledger.json");
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it("composes what a task has spent by the accountant, and does not add up epsilons", async () => {
    const ledger = await PrivacyLedger.open(path);
    const first = await ledger.charge("a/task-1", round, 1e-5);
    const second = await ledger.charge("a/task-1", round, 1e-5);
    const third = await ledger.charge("a/task-1", round, 1e-5);
    expect(first.epsilon).to.equal(epsilonOf(times(1), 1e-5));
    expect(third.epsilon).to.equal(epsilonOf(times(3), 1e-5));
    expect(second.epsilon).to.be.above(first.epsilon);
    expect(third.epsilon).to.be.below(2.5 * first.epsilon);
  });

  it("is on the disk when a charge resolves, so that a killed node finds it, and does not grow with the rounds", async () => {
    const ledger = await PrivacyLedger.open(path);
    await ledger.charge("a/task-1", round, 1e-5);
    const size = (await readFile(path)).length;
    for (let i = 0; i < 3; i++) await ledger.charge("a/task-1", round, 1e-5);
    // No close, no flush: what another process sees now.
    const reopened = await PrivacyLedger.open(path);
    expect(reopened.usesOf("a/task-1")).to.deep.equal(times(4));
    expect((await readFile(path)).length).to.equal(size);
  });

  it("keeps tasks apart, and holds all of them together to the node's limit", async () => {
    const ledger = await PrivacyLedger.open(path);
    const limit = { epsilon: epsilonOf(times(2), 1e-6) * 1.001, delta: 1e-6 };
    await ledger.charge("a/task-1", round, 1e-5, limit);
    const other = await ledger.charge("b/task-1", round, 1e-5, limit);
    expect(other.epsilon).to.equal(epsilonOf(times(1), 1e-5));
    const failure = await ledger.charge("c/task-2", round, 1e-5, limit).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(BudgetSpentError);
    expect((failure as BudgetSpentError).oneLine).to.match(
      /privacy budget to epsilon .* above its limit of .*node\.yaml$/,
    );
    const reopened = await PrivacyLedger.open(path);
    expect(reopened.tasks).to.deep.equal(["a/task-1", "b/task-1"]);
  });

  it("lets no two charges at once take what is left", async () => {
    const ledger = await PrivacyLedger.open(path);
    const limit = { epsilon: epsilonOf(times(2), 1e-6) * 1.001, delta: 1e-6 };
    const charges = await Promise.allSettled(
      ["1", "2", "3"].map((task) => ledger.charge(task, round, 1e-5, limit)),
    );
    expect(charges.map(({ status }) => status)).to.deep.equal(["fulfilled", "fulfilled", "rejected"]);
  });

  it("refuses a damaged file instead of beginning anew", async () => {
    for (const text of ["", "{}", '{"format":"concordat/privacy-ledger/1","tasks":{"a":[{"times":1}]}}']) {
      await writeFile(path, text);
      const failure = await PrivacyLedger.open(path).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(ConcordatError);
      expect((failure as ConcordatError).message).to.match(/ledger .* is damaged$/);
    }
  });

  it("says budgets in millionths, rounded up", () => {
    expect(toMicro({ epsilon: 1.2345678, delta: 1e-5 })).to.deep.equal({
      epsilonMicro: 1_234_568,
      deltaMicro: 10,
    });
    expect(toMicro({ epsilon: 0.1 + 0.2, delta: 1e-7 })).to.deep.equal({
      epsilonMicro: 300_000,
      deltaMicro: 1,
    });
    expect(toMicro({ epsilon: 2.0000001, delta: 3e-6 })).to.deep.equal({
      epsilonMicro: 2_000_001,
      deltaMicro: 3,
    });
  });
});
