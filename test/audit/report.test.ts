import { expect } from "chai";
import type { AuditReport } from "#audit/report";
import { reportCsv, reportJson, reportSummary } from "#audit/report";

const agreeing = {
  kind: "task.escrow",
  taskId: 1,
  round: undefined,
  subject: "escrow",
  recomputed: true,
  agrees: true,
  expected: "100",
  found: "100",
  block: 7,
  transaction: "0xaa",
} as const;
const report: AuditReport = {
  format: "concordat/audit/1",
  chainId: "31337",
  fromBlock: 1,
  toBlock: 90,
  taskId: undefined,
  events: 12,
  agrees: false,
  counts: {
    "task.escrow": { agree: 1, disagree: 0, notRecomputed: 0 },
    "reward.claim": { agree: 3, disagree: 1, notRecomputed: 2 },
  },
  missing: [],
  firstDisagreement: {
    ...agreeing,
    kind: "reward.claim",
    round: 2,
    subject: "=member 1",
    agrees: false,
    found: "101",
  },
  checks: [agreeing],
};

describe("an audit's report", () => {
  it("says the counts by kind and the first disagreement", () => {
    expect(reportSummary(report).split("\n")).to.deep.equal([
      "Chain 31337, blocks 1 to 90: 12 events, 5 facts recomputed",
      "  reward.claim  4 checked, 1 DISAGREE, 2 not recomputed",
      "  task.escrow   1 checked, agrees",
      "1 disagreements, the first at block 7: reward.claim, task 1, round 2, =member 1",
      "  expected 100",
      "  found    101",
      "",
    ]);
  });

  it("says so when everything agrees", () => {
    const fine = { ...report, agrees: true, counts: {}, firstDisagreement: undefined };
    expect(reportSummary(fine)).to.equal(
      "Chain 31337, blocks 1 to 90: 12 events, 0 facts recomputed\nEverything agrees\n",
    );
  });

  it("never says that everything agrees where something could only be read, nor that nothing checked agrees", () => {
    const counts = { "registry.removal": { agree: 0, disagree: 0, notRecomputed: 17 } };
    const read = { ...report, agrees: true, counts, firstDisagreement: undefined };
    expect(reportSummary(read).split("\n").slice(1)).to.deep.equal([
      "  registry.removal  none recomputed, 17 could only be read",
      "Nothing disagrees; 17 facts could only be read, since nothing else is on record",
      "",
    ]);
  });

  it("says what could not be recomputed, and by whose silence, as the verdict", () => {
    const missing = [
      { kind: "update.artifact", count: 68, of: 272, nodeIds: [3], reasons: ["node 3 serves nothing"] },
      { kind: "aggregate.model", count: 68, of: 68, nodeIds: [3], reasons: ["node 3 serves nothing"] },
    ] as const;
    const counts = { "aggregate.model": { agree: 0, disagree: 0, notRecomputed: 68 } };
    const silent = { ...report, agrees: true, counts, missing, firstDisagreement: undefined };
    const last = "68 of 68 aggregates could not be recomputed: node 3 serves nothing";
    expect(reportSummary(silent).split("\n").at(-2)).to.equal(`Nothing disagrees, but ${last}`);
    expect(
      reportSummary({ ...report, missing })
        .split("\n")
        .at(3),
    ).to.equal(last);
  });

  it("is CSV with a row for each check, safe to open in a spreadsheet", () => {
    const { firstDisagreement } = report;
    const checks = firstDisagreement === undefined ? [] : [agreeing, firstDisagreement];
    expect(reportCsv({ ...report, checks }).split("\n")).to.deep.equal([
      "kind,taskId,round,subject,recomputed,agrees,expected,found,block,transaction",
      "task.escrow,1,,escrow,true,true,100,100,7,0xaa",
      "reward.claim,1,2,'=member 1,true,false,100,101,7,0xaa",
      "",
    ]);
  });

  it("is JSON that comes back as it was", () => {
    expect(JSON.parse(reportJson(report))).to.deep.equal(JSON.parse(JSON.stringify(report)));
  });
});
