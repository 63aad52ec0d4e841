import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { auditRpc } from "#audit/reading/auditRpc";
import { auditModels } from "#audit/recompute/auditModels";
import { builtInTopology } from "#learning/models/models";
import { SeededRandom } from "#learning/seededRandom";
import { blockBytes } from "#protocol/artifacts/contentAddress";
import type { DatasetTerms } from "#protocol/manifest/datasetTerms";
import { Phase, ScoreKind, TaskState } from "#protocol/contracts/enums";
import { alphaCandidates } from "#protocol/rules/alphaSelection";
import { unpackScores } from "#protocol/rules/packedScores";
import { LocalFederation } from "./localFederation.ts";

const NODES = 4;
const ROWS = 120;
const TERMS: DatasetTerms = {
  name: "csv",
  inputShape: [4],
  classes: 1,
  mean: [],
  std: [],
  columns: [
    { kind: "numeric", name: "area" },
    { kind: "numeric", name: "rooms" },
    { kind: "category", name: "state", values: ["old", "new"] },
  ],
  target: { kind: "number", name: "rent", offset: 1000, scale: 300 },
};

/** Rents of one town: the same slopes everywhere, and a level of its own that only its node can learn. */
function table(town: number): string {
  const random = new SeededRandom(town, "rents");
  const rows = Array.from({ length: ROWS }, () => {
    const area = 30 + random.below(90);
    const rooms = 1 + random.below(5);
    const state = random.below(2) === 0 ? "old" : "new";
    const level = 600 + 200 * town + (state === "new" ? 150 : 0);
    return [area, rooms, state, level + 6 * area - 20 * rooms + random.below(20)].join();
  });
  return ["area,rooms,state,rent", ...rows, ""].join("\n");
}

describe("A federation that predicts a number", function () {
  this.timeout(600_000);
  let federation: LocalFederation | undefined;
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "concordat-regression-"));
    for (let index = 0; index < NODES; index++) {
      await mkdir(join(folder, `${index}`));
      await writeFile(join(folder, `${index}/data.csv`), table(index));
    }
  });
  after(async () => {
    await federation?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("chooses the alpha of the least error in both rounds, learns, and is audited without disagreement", async () => {
    const rounds: { readonly sentBytes: number; readonly receivedBytes: number }[] = [];
    const { promise: logged, resolve } = Promise.withResolvers<void>();
    const write = (line: string): void => {
      const entry = JSON.parse(line) as (typeof rounds)[number] & { readonly msg: string };
      if (entry.msg === "round finalised" && rounds.push(entry) === 2 * NODES) resolve();
    };
    federation = await LocalFederation.start({
      logger: pino({ level: "info" }, { write }),
      nodes: NODES,
      topology: builtInTopology("prototype-mlp", TERMS.inputShape, TERMS.classes),
      data: {
        terms: TERMS,
        ofNode: (index) => ({ dir: join(folder, `${index}`), partition: { kind: "own" } }),
      },
    });
    const task = await federation.publish({ scoreKind: ScoreKind.Error });
    await federation.join(task);
    for (const node of federation.nodes) federation.startNode(node);
    await federation.until(task, ({ phase }) => phase === Phase.Ended);
    const { state, roundsPlayed } = await federation.chain.taskStatus(task);
    expect({ state, roundsPlayed }).to.deep.equal({ state: TaskState.Completed, roundsPlayed: 2 });

    // What nodes received they sent each other, but for the initial model, which the publisher may have sent.
    await logged;
    const overall = (key: keyof (typeof rounds)[number]) =>
      rounds.reduce((total, round) => total + round[key], 0);
    const model = await federation.store.get(federation.initialModel, { maxBytes: 1 << 20, timeoutMs: 5000 });
    const received = overall("receivedBytes");
    expect(overall("sentBytes")).to.be.within(received - NODES * blockBytes(model.length), 1.5 * received);

    const terms = await federation.chain.terms(task);
    const candidates = alphaCandidates(terms);
    const reports = await federation.events(task, "ReportAccepted");
    expect(reports).to.have.length(2 * NODES);
    const finalised = await federation.events(task, "RoundFinalised");
    expect(finalised).to.have.length(2);
    for (const event of finalised) {
      const tables = reports
        .filter((report) => report["round"] === event["round"])
        .map((report) => unpackScores(report["scores"] as bigint, terms.negotiationSteps));
      const sums = candidates.map((_, r) => tables.reduce((sum, scores) => sum + (scores[r] ?? 0), 0));
      const [best, worst] = [Math.min(...sums), Math.max(...sums)];
      expect(worst).to.be.above(best);
      expect(Number(event["alphaBps"])).to.equal(candidates[sums.indexOf(best)]);
      // A mean error of 1000 is one unit of the target's scale: less than what a model that learnt nothing has.
      expect(best).to.be.within(1, 1000 * NODES);
    }

    const report = await auditRpc({
      rpcUrl: federation.nodes[0]?.config.rpcUrl ?? "",
      addressBook: federation.book,
      models: auditModels(federation.store, federation.signal.signal),
    });
    expect(report.firstDisagreement).to.equal(undefined);
    expect(report.counts["aggregate.model"]).to.deep.equal({ agree: 2, disagree: 0, notRecomputed: 0 });
  });
});
