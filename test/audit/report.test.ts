import { expect } from "chai";
import type { AuditReport } from "../../audit/report.ts";
import { reportCsv, reportJson, reportSummary } from "../../audit/report.ts";

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
