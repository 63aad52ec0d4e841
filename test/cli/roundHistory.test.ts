import { expect } from "chai";
import { RoundHistory } from "#demo/roundHistory";
import { fromEthersLog } from "#protocol/events/chainLog";
import type { ConcordatEvent } from "#protocol/events/concordatEvent";
import { eventReader } from "#protocol/events/decodeEvent";
import { applyEvent } from "#protocol/history/applyEvent";
import { emptyFederation } from "#protocol/history/federationState";
import { beginScenario, playEventfulTask } from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";

describe("the demonstration's scenario of a task", () => {
  let events: readonly ConcordatEvent[];
  let lines: readonly string[];
  let history: RoundHistory;

  before(async () => {
    const scenario = await beginScenario();
    await playEventfulTask(scenario);
    events = await eventsOf(scenario);
    const federation = emptyFederation();
    history = new RoundHistory(federation, 1);
    lines = events.flatMap((event) => {
      applyEvent(federation, event);
      history.book(event.name === "RoundFinalised" ? [call(7n), { ...call(5n), action: "Token.mint" }] : []);
      return history.tell(event) ?? [];
    });
  });

  it("tells each thing that happened in a line, in order", () => {
    const kinds = [
      /^task 1 started with 4 nodes$/,
      /^round 1 opened, quorum \d of 4$/,
      /^round 1: node \d posted its update \(1 of 4\)$/,
      /^round 1: node \d proposed the aggregate, \d of \d attested$/,
      /^round 1 done: alpha [01]\.\d{4}, mean score \d+\.\d\d %$/,
      /^round 2 was void: fewer nodes than the quorum posted an update in time$/,
      /^round 2 retry 1 opened, quorum \d of 5$/,
      /^round 2: aggregation, attempt 1$/,
      /^round 2 done: /,
      /^task 1 completed: all rounds are done$/,
    ];
    const places = kinds.map((kind) => lines.findIndex((line) => kind.test(line)));
    expect(places, lines.join("\n")).to.not.include(-1);
    expect(places).to.deep.equal(places.toSorted((a, b) => a - b));
    expect(
      lines.some((line) => /^round 2: node \d missed its turn \(attempt 0, rank 0\)$/.test(line)),
    ).to.equal(true);
  });

  it("has each round once, as its last opening was, with what its calls cost", () => {
    const { rounds, state, endReason } = history;
    expect([state, endReason]).to.deep.equal(["Completed", "all rounds are done"]);
    expect(rounds.map(({ round, retry, voids }) => [round, retry, voids.length])).to.deep.equal([
      [1, 0, 0],
      [2, 1, 1],
      [3, 0, 0],
    ]);
    expect(rounds[1]).to.deep.include({ proposerRank: 1, acceptedBitmap: [7n], rejectedBitmap: [8n] });
    expect(rounds.reduce((sum, { gas }) => sum + gas, 0n)).to.equal(21n);
    for (const { posted, reported, updates, aggregate, committee, attestations } of rounds) {
      expect(posted).to.deep.equal([...updates.keys()]);
      expect(reported.every((node) => posted.includes(node))).to.equal(true);
      expect(aggregate).to.match(/^0x[0-9a-f]{64}$/);
      expect(attestations).to.be.within(1, committee.length);
    }
  });
});

function call(gasUsed: bigint) {
  return { action: "RoundCoordinator.submitReports", from: "0x", gasUsed, succeeded: true };
}

/** The events of the story's chain, in order, from logs as ethers gives them. */
async function eventsOf({ federation, deployment }: Scenario): Promise<ConcordatEvent[]> {
  const { provider } = federation.connection.ethers;
  const logs = await provider.getLogs({
    address: Object.values(deployment.contracts),
    fromBlock: 0,
    toBlock: "latest",
  });
  return logs.map(fromEthersLog).map(eventReader(deployment.contracts));
}
