import { expect } from "chai";
import type { Replayed } from "#audit/index/indexSource";
import { EXAMPLE_QUESTIONS, addressQuestion } from "#audit/index/questions";
import { VIEWS } from "#audit/index/views";
import { EndReason, TaskState, enumName } from "#protocol/contracts/enums";
import { beginScenario, playEventfulTask, playFailures, playStakedTask } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { ask, chainOf, sourceOf, suiteFolder, writeIndex } from "./scenarioIndex.ts";

describe("the questions that auditors ask", () => {
  const folder = suiteFolder();
  let scenario: Scenario;
  let path: string;
  /** Node ids of the committee before the last round's proposal, as the contract gave them. */
  let committee: number[];

  before(async () => {
    scenario = await beginScenario();
    const { federation } = scenario;
    await playEventfulTask(scenario);
    await playStakedTask(scenario);
    await playFailures(scenario);
    // A task whose amounts are beyond what SQLite's own sum keeps exact.
    await federation.startTask({ rewardUnit: 9_000_000_000_000_000_001n, rounds: 2 }, [
      federation.node(1),
      federation.node(3),
    ]);
    await federation.playRound();
    await settleAndClaim(scenario);
    await federation.train();
    await federation.awaitSeed();
    const elected = await federation.contracts.coordinator.committeeOf(federation.taskId);
    committee = elected.nodeIds.map(Number);
    await federation.aggregate({ proposerRank: 0 });
    await federation.negotiate(undefined, [federation.node(1)]);
    await federation.passDeadline();
    await federation.advance();
    await settleAndClaim(scenario);
    await sendInVain(scenario);
    path = folder.file("index.sqlite");
    await writeIndex(scenario, path, sourceOf(scenario), { ...chainOf(scenario), hasAllTransactions: true });
  });

  for (const { title, sql } of EXAMPLE_QUESTIONS) {
    it(`finds something: ${title}`, () => {
      expect(ask(path, sql)).to.not.have.length(0);
    });
  }

  it("have views that can be read to the end, each column of them", () => {
    for (const { name } of VIEWS) expect(ask(path, `SELECT * FROM ${name}`), name).to.not.have.length(0);
  });

  it("are answered as the contracts say: what each node earned, and its reputation", async () => {
    const { rewardLedger, taskRegistry } = scenario.federation.contracts;
    let members = 0;
    for (let taskId = 1n; taskId <= (await taskRegistry.taskCount()); taskId++) {
      const { memberCount } = await taskRegistry.status(taskId);
      for (let memberId = 1n; memberId <= memberCount; memberId++, members++) {
        const [row] = ask(path, `SELECT * FROM earnings WHERE taskId = ${taskId} AND memberId = ${memberId}`);
        const due = await rewardLedger.accountOf(taskId, memberId);
        const stored = await rewardLedger.storedAccountOf(taskId, memberId);
        expect(row).to.include({
          nodeId: Number(await taskRegistry.nodeIdOfMember(taskId, memberId)),
          earned: String(due.earned),
          reputation: Number(due.reputation),
          settled: String(stored.earned),
          claimed: String(due.claimed),
        });
      }
    }
    expect(ask(path, "SELECT * FROM earnings")).to.have.length(members);
    const [large] = ask(path, "SELECT max(length(claimed)) AS digits FROM earnings");
    expect(large).to.deep.equal({ digits: 20 });
  });

  it("are answered as the contracts say: who led", () => {
    const last = ask(
      path,
      `SELECT * FROM leaders WHERE taskId = ${scenario.federation.taskId} ORDER BY round DESC LIMIT 1`,
    );
    expect(last[0]).to.include({
      round: 2,
      leaderNodeId: committee[0],
      proposerNodeId: committee[0],
      proposerOperator: scenario.federation.node(committee[0] ?? 0).operator.address,
      committee: JSON.stringify(committee),
    });
    const second = ask(path, "SELECT proposerRank FROM leaders WHERE taskId = 1 AND round = 2");
    expect(second).to.deep.equal([{ proposerRank: 1 }]);
  });

  it("are answered as the contracts say: which alpha each task chose, and from what", async () => {
    const { coordinator, taskRegistry } = scenario.federation.contracts;
    for (const { taskId, alphaBps } of ask(
      path,
      "SELECT taskId, alphaBps, max(round) FROM alphas GROUP BY taskId",
    ))
      expect(alphaBps, `task ${taskId}`).to.equal(
        Number((await coordinator.roundOf(Number(taskId))).alphaBps),
      );
    const last = Number(scenario.federation.taskId);
    const origins = ask(
      path,
      `SELECT round, origin, alphaBps, reports, meanScore FROM alphas WHERE taskId = ${last} ORDER BY round`,
    );
    expect(origins).to.deep.equal([
      { round: 1, origin: "Negotiated", alphaBps: 10_000, reports: 2, meanScore: 1000 },
      { round: 2, origin: "Kept", alphaBps: 10_000, reports: 1, meanScore: null },
    ]);
    const table = ask(
      path,
      "SELECT step, alphaBps, score, isChosen FROM scores WHERE taskId = 1 AND round = 1 AND nodeId = 2",
    );
    expect(table).to.deep.equal(
      Array.from({ length: 10 }, (_, r) => ({
        step: r + 1,
        alphaBps: 1000 * (r + 1),
        score: 100 * (r + 1),
        isChosen: Number(r === 9),
      })),
    );
    for (const task of ask(path, "SELECT * FROM tasks")) {
      const status = await taskRegistry.status(Number(task["taskId"]));
      expect(task).to.include({
        publisher: status.publisher,
        state: enumName(TaskState, status.state),
        roundsPlayed: Number(status.roundsPlayed),
      });
      expect(task["endReason"] ?? "None").to.equal(enumName(EndReason, status.endReason));
    }
  });

  it("are answered as it was played: who was rejected, and why", () => {
    const rejected = ask(
      path,
      "SELECT taskId, round, retry, nodeId, what FROM rejections WHERE what LIKE 'update%'",
    );
    expect(rejected).to.deep.include({ taskId: 1, round: 2, retry: 1, nodeId: 4, what: "update rejected" });
    const skipped = ask(
      path,
      "SELECT taskId, round, nodeId, reason FROM rejections WHERE what = 'result skipped'",
    );
    expect(skipped).to.deep.equal([{ taskId: 1, round: 2, nodeId: 2, reason: "Duplicate" }]);
    const refused = ask(path, "SELECT nodeId FROM rejections WHERE what = 'removal refused'");
    expect(refused).to.deep.equal([{ nodeId: 2 }]);
    expect(ask(path, "SELECT DISTINCT verdict FROM verdicts WHERE taskId = 4")).to.deep.equal([
      { verdict: "no aggregate" },
    ]);
  });

  it("are answered as the chain says: every transaction of an address to the contracts, in any case of letters", async () => {
    const { provider } = scenario.federation.connection.ethers;
    const { address } = scenario.federation.node(1).operator;
    const contracts = new Set(Object.values(scenario.deployment.contracts));
    const sent: string[] = [];
    for (let number = 0; number <= (await provider.getBlockNumber()); number++) {
      const block = await provider.getBlock(number, true);
      for (const { from, to, hash } of block?.prefetchedTransactions ?? [])
        if (from === address && contracts.has(to ?? "")) sent.push(hash);
    }
    const found = ask(
      path,
      `SELECT transactionHash AS hash FROM address_transactions WHERE role = 'sender' AND address = '${address.toLowerCase()}'
       ORDER BY blockNumber`,
    );
    expect(found.map(({ hash }) => hash)).to.deep.equal(sent);
    expect(sent.length).to.be.greaterThan(9);
    const question = ask(path, addressQuestion(address)).map((row) => row["transactionHash"]);
    expect(question).to.include.members(sent);
    expect(question).to.have.length(new Set(question).size);
  });

  it("are answered as the chain says: which transactions failed, and why", () => {
    const last = ask(
      path,
      "SELECT contract, method, status, error FROM transactions ORDER BY blockNumber DESC LIMIT 4",
    );
    expect(last.toReversed()).to.deep.equal([
      { contract: "NodeRegistry", method: "memberCount", status: 1, error: null },
      {
        contract: "RewardLedger",
        method: "claim",
        status: 0,
        error: `nothing to claim (taskId ${scenario.federation.taskId}, memberId 1)`,
      },
      { contract: "StakeVault", method: "0x", status: 0, error: "without a reason" },
      { contract: "RewardLedger", method: "claim", status: 0, error: "out of gas" },
    ]);
    expect(ask(path, "SELECT DISTINCT error FROM transactions WHERE status = 1")).to.deep.equal([
      { error: null },
    ]);
  });

  it("say no reason where the endpoint has forgotten the state, and have the transaction all the same", async () => {
    const source = {
      ...sourceOf(scenario),
      replay: (): Promise<Replayed> => Promise.resolve({ kind: "unknown" as const }),
    };
    const other = folder.file("forgetful.sqlite");
    await writeIndex(scenario, other, source, { ...chainOf(scenario), hasAllTransactions: true });
    const reasons = "SELECT error, count(*) AS n FROM transactions WHERE status = 0 GROUP BY error";
    expect(ask(other, reasons)).to.deep.equal([
      { error: null, n: 2 },
      { error: "out of gas", n: 1 },
    ]);
  });
});

/** Transactions that cause no event: a view, an error, a payment that nobody takes, and too little gas. */
async function sendInVain({ federation, deployment }: Scenario): Promise<void> {
  const { nodeRegistry, rewardLedger } = federation.contracts;
  const { operator } = federation.node(1);
  const { NodeRegistry: to, StakeVault } = deployment.contracts;
  await operator.sendTransaction({ to, data: nodeRegistry.interface.encodeFunctionData("memberCount") });
  const claim = (gasLimit: number): Promise<unknown> =>
    rewardLedger.connect(operator).claim(federation.taskId, 1, operator.address, { gasLimit });
  // The chain takes them, and tells the sender that they failed.
  await claim(500_000).catch(() => undefined);
  await operator.sendTransaction({ to: StakeVault, value: 1n, gasLimit: 100_000 }).catch(() => undefined);
  await claim(25_000).catch(() => undefined);
}

/** The first member settles and takes what it earned. */
async function settleAndClaim({ federation }: Scenario): Promise<void> {
  const { operator } = federation.node(1);
  await federation.contracts.rewardLedger.connect(operator).claim(federation.taskId, 1, operator.address);
}
