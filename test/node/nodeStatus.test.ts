import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import pino from "pino";
import { nodeStatusText, type NodeFacts } from "#cli/nodeStatusText";
import { AccountReader, submissionsLeft } from "#node/setup/accounts";
import type { ChainGateway } from "#chain/contracts/chainGateway";
import { StatusBoard, type Beat, type NodeStatus } from "#node/status/nodeStatus";
import { progressOf } from "#node/rounds/progress";
import type { NodeId, TaskId } from "#protocol/ids";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const BEAT: Beat = {
  head: { number: 7, time: before(4), seenAt: before(3) },
  chainAnsweredAt: before(2),
  chainEndpoints: [{ name: "https://rpc.example", isAnswering: true, answeredAt: before(2) }],
};
const STATUS: NodeStatus = {
  nodeId: 3,
  signer: "0x01",
  endpoints: "/dns4/node.example/tcp/443/https",
  // Another process has this number: it says nothing.
  pid: process.pid,
  updatedAt: before(2),
  progressAt: before(2),
  sentBytes: 1_500_000,
  heartbeat: BEAT,
  tasks: [],
};

describe("Whether a node makes progress", () => {
  const down = {
    ...BEAT,
    chainEndpoints: [
      { name: "https://rpc.example", isAnswering: false, problem: "limits the rate of requests" },
    ],
  };
  const cases: [why: string, status: NodeStatus, state: string, because?: RegExp][] = [
    ["it wrote a moment ago, and the chain answered", STATUS, "progress"],
    [
      "it writes, but nothing has gone on for minutes",
      { ...STATUS, progressAt: before(400), heartbeat: down },
      "still",
      /https:\/\/rpc\.example limits the rate of requests/,
    ],
    [
      "it has written nothing for minutes, though a process has its number",
      { ...STATUS, updatedAt: before(400), progressAt: before(402) },
      "silent",
      /no sign of life/,
    ],
    ["it stopped in order", { ...STATUS, stoppedAt: before(7200) }, "stopped"],
  ];
  for (const [why, status, state, because] of cases) {
    it(`is "${state}" where ${why}`, () => {
      const progress = progressOf(status, NOW);
      expect(progress.state).to.equal(state);
      if (because === undefined) expect(progress.because).to.equal(undefined);
      else expect(progress.because).to.match(because);
    });
  }
});

describe("The status of a node, for people", () => {
  const facts: NodeFacts = {
    node: 3,
    isMember: true,
    signer: { address: "0x01", balanceWei: "2000000000000000000", readAt: before(1) },
    operator: { address: "0x02", balanceWei: "1", readAt: before(240) },
    endpoints: STATUS.endpoints,
    status: STATUS,
  };

  it("shows both accounts, and how old what was read of them is", () => {
    const text = nodeStatusText(facts, NOW);
    expect(text).to.match(/signer +0x01, 2\.0 for gas$/m);
    expect(text).to.match(/operator +0x02, 0\.000000000000000001 for gas, as of 4 minutes ago$/m);
    expect(text).to.match(/process +makes progress, last 2 seconds ago$/m);
    expect(text).not.to.contain("Gas is low");
  });

  it("works without an endpoint, and says how old what it tells is", () => {
    const text = nodeStatusText(
      {
        node: 3,
        signer: facts.signer,
        operator: undefined,
        chainProblem: "The chain's endpoint https://rpc.example cannot be reached: refused",
        status: { ...STATUS, updatedAt: before(600), progressAt: before(605) },
      },
      NOW,
    );
    expect(text).to.match(/member +unknown$/m);
    expect(text).to.match(/process +has made no progress for 10 minutes: it gives no sign of life/m);
    expect(text).to.contain(
      "https://rpc.example cannot be reached: refused; this is what the node wrote 10 minutes ago",
    );
  });

  it("warns of low gas, names who is awaited with the remedy, and where the personalised model lies", () => {
    const text = nodeStatusText(
      {
        ...facts,
        status: {
          ...STATUS,
          accounts: { gas: { submissionsLeft: 12, isLow: true } },
          tasks: [
            {
              taskId: 4 as TaskId,
              phase: "Training",
              round: 2,
              retry: 0,
              deadline: 0,
              doing: "waiting for the others' updates",
              awaits: [{ member: 2, node: 9, for: "update" }],
              personalisedModel: "/data/personalised-1.safetensors",
            },
          ],
        },
      },
      NOW,
    );
    expect(text).to.contain("the signer pays about 12 more submissions");
    expect(text).to.contain("Task 4 waits for the update of node 9").and.to.contain("concordat task expel 9");
    expect(text).to.contain("Task 4: the node's personalised model is /data/personalised-1.safetensors");
  });
});

describe("The status file", () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "concordat-status-"))));
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  it("shows progress, holds nothing that may not be read, and says when the node stopped", async () => {
    const file = join(folder, "status.json");
    const node = { nodeId: 3, signer: "0x01", endpoints: "" };
    const board = new StatusBoard(
      file,
      node,
      () => 0,
      undefined,
      (text) => text.replaceAll("KEY", "[hidden]"),
    );
    board.update(1 as TaskId, { doing: "training" });
    board.beat({ ...BEAT, chainAnsweredAt: "2100-01-01T00:00:00.000Z" });
    board.update(1 as TaskId, { problem: "https://rpc.example/KEY fails" });
    await board.close();
    const text = await readFile(file, "utf8");
    const status = JSON.parse(text) as NodeStatus;
    expect(text).not.to.contain("KEY");
    expect(status.progressAt).to.equal("2100-01-01T00:00:00.000Z");
    expect(status.heartbeat?.head.number).to.equal(7);
    expect(status.tasks[0]).to.deep.include({
      doing: "training",
      problem: "https://rpc.example/[hidden] fails",
    });
    expect(Date.parse(status.stoppedAt ?? "")).to.be.at.most(Date.now());
  });

  it("takes a problem that is told again for no progress", async () => {
    const seen: NodeStatus[] = [];
    const node = { nodeId: 3, signer: "0x01", endpoints: "" };
    const board = new StatusBoard(
      join(folder, "status.json"),
      node,
      () => 0,
      (status) => void seen.push(status),
    );
    board.update(1 as TaskId, { doing: "training" });
    board.update(1 as TaskId, { problem: "it fails" });
    board.update(1 as TaskId, { problem: "it fails again" });
    await board.close();
    expect(seen[0]?.stepChangedAt).to.be.a("string");
    expect(new Set(seen.map(({ stepChangedAt }) => stepChangedAt)).size).to.equal(1);
  });
});

describe("The gas that a node's signer has left", () => {
  it("is counted in submissions at the fees of the moment", () => {
    expect(submissionsLeft(310_000n * 50n, 1n)).to.equal(50);
    expect(submissionsLeft(310_000n * 50n - 1n, 1n)).to.equal(49);
    expect(submissionsLeft(10n ** 18n, 20_000_000_000n)).to.equal(161);
    expect(submissionsLeft(0n, 0n)).to.equal(Number.MAX_SAFE_INTEGER);
  });

  it("is warned of once while it is low, and once more said to be enough", async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    let balance = 10n ** 15n;
    const chain = {
      heads: { head: { baseFeePerGas: 19_000_000_000n } },
      node: async () => ({ operator: "0x02" }),
      provider: {
        getBalance: async (address: string) => (address === "0x01" ? balance : 7n),
        send: async () => "0x3b9aca00",
      },
    } as unknown as ChainGateway;
    const reader = new AccountReader(chain, 3 as NodeId, "0x01", logger);
    const low = await reader.read();
    await reader.read();
    expect(low.gas).to.deep.equal({ submissionsLeft: 0, isLow: true });
    expect([low.signer.balanceWei, low.operator?.balanceWei]).to.deep.equal([String(10n ** 15n), "7"]);
    balance = 10n ** 18n;
    expect((await reader.read()).gas).to.deep.equal({ submissionsLeft: 161, isLow: false });
    expect(lines.map(({ msg }) => msg)).to.deep.equal([
      "the signer's gas is low: send it some of the chain's currency",
      "the signer has gas again",
    ]);
  });
});
