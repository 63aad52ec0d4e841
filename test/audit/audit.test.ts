import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { audit } from "#audit/audit";
import { auditRpc } from "#audit/reading/auditRpc";
import type { ChainSource } from "#audit/reading/chainSource";
import type { Check } from "#audit/checks";
import { CHECK_KINDS } from "#audit/checks";
import type { Address } from "#protocol/ids";
import type { Scenario } from "./scenario.ts";
import {
  beginScenario,
  playEventfulTask,
  playContractSigner,
  playFailures,
  playStakedTask,
} from "./scenario.ts";

describe("auditing an honest federation", () => {
  let scenario: Scenario;
  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    await playStakedTask(scenario);
    await playFailures(scenario);
    await playContractSigner(scenario);
  });

  it("agrees with every decision, and checks of nearly every kind are among them", async () => {
    const { source, deployment } = scenario;
    const report = await audit({ chain: { source }, addressBook: deployment });
    expect(report.firstDisagreement).to.equal(undefined);
    expect(report.agrees).to.equal(true);
    const unchecked = CHECK_KINDS.filter((kind) => report.counts[kind] === undefined);
    expect(unchecked).to.deep.equal(["update.artifact", "update.privacy", "aggregate.model"]);
  });

  it("says what it could only read: the operators' own decisions and skipped results", async () => {
    const { source, deployment } = scenario;
    const report = await audit({ chain: { source }, addressBook: deployment });
    const read = report.checks.filter((check) => !check.recomputed).map((check) => check.kind);
    expect(new Set(read)).to.deep.equal(new Set(["registry.removal"]));
  });

  it("asks a signing contract again, and says so where the endpoint forgot its state", async () => {
    const { source, deployment } = scenario;
    const taskId = Number(scenario.federation.taskId);
    const signed = async (from: ChainSource): Promise<Check[]> => {
      const report = await audit({ chain: { source: from }, addressBook: deployment, taskId });
      expect(report.firstDisagreement).to.equal(undefined);
      return report.checks.filter((check) => check.kind === "update.signature");
    };
    expect((await signed(source)).map((check) => check.recomputed)).to.deep.equal([true, true]);
    const forgetful = { ...source, code: () => Promise.reject(new Error("missing trie node")) };
    expect((await signed(forgetful)).map((check) => check.recomputed)).to.deep.equal([true, false]);
  });

  it("reads an endpoint that answers only for a few blocks at a time", async () => {
    const { source, deployment } = scenario;
    const all = await audit({ chain: { source }, addressBook: deployment });
    const narrow: ChainSource = {
      ...source,
      logs: (addresses, from, to) =>
        to - from < 7 ? source.logs(addresses, from, to) : Promise.reject(new Error("range too large")),
    };
    const report = await audit({ chain: { source: narrow }, addressBook: deployment, keep: "disagreements" });
    expect(report.counts).to.deep.equal(all.counts);
    expect(report.checks).to.deep.equal([]);
  });

  it("audits one task without the others", async () => {
    const { source, deployment } = scenario;
    const report = await audit({ chain: { source }, addressBook: deployment, taskId: 2 });
    expect(report.agrees).to.equal(true);
    expect(new Set(report.checks.map((check) => check.taskId))).to.deep.equal(new Set([undefined, 2]));
    expect(report.counts["update.signature"]?.agree).to.equal(6);
  });

  it("reads a chain over HTTP", async () => {
    const { connection } = scenario.federation;
    const server = createServer(async (request, response) => {
      const body = JSON.parse(await text(request));
      const answers = [];
      for (const { id, method, params } of [body].flat()) {
        answers.push({ jsonrpc: "2.0", id, result: await connection.provider.request({ method, params }) });
      }
      response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const rpcUrl = `http://127.0.0.1:${port}`;
      const report = await auditRpc({ rpcUrl, addressBook: scenario.deployment });
      expect(report.agrees).to.equal(true);
    } finally {
      server.close();
    }
  });
});

describe("auditing a task of somebody else's contracts", () => {
  it("says that it cannot be replayed, and goes on with the others", async () => {
    const { source, deployment, federation } = await beginScenario();
    const rewardLedger = `0x${"Ab".repeat(20)}`.toLowerCase() as Address;
    await federation.startTask({ rewardLedger });
    await federation.train();
    await federation.startTask({ rounds: 1 });
    await federation.playRound();
    const report = await audit({ chain: { source }, addressBook: deployment });
    expect(report.firstDisagreement).to.equal(undefined);
    const read = report.checks.filter((check) => !check.recomputed);
    expect(read.map(({ kind, taskId }) => [kind, taskId])).to.deep.equal([["task.terms", 1]]);
    expect(report.counts["negotiation.alpha"]?.agree).to.equal(1);
  });
});

describe("auditing a task that was ended later than at its last possible moment", () => {
  it("agrees: the deadline that the end tells is the moment itself", async () => {
    const scenario = await beginScenario();
    const { federation } = scenario;
    await federation.startTask();
    await federation.train();
    const { hardEnd } = await federation.status();
    await federation.connection.networkHelpers.time.increaseTo(Number(hardEnd) + 60);
    await federation.advance();
    const report = await audit({ chain: { source: scenario.source }, addressBook: scenario.deployment });
    expect(report.firstDisagreement).to.equal(undefined);
    expect(report.counts["task.end"]?.agree).to.equal(1);
  });
});
