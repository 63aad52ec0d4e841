import { expect } from "chai";
import fc from "fast-check";
import { matches, parseAuditSearch } from "#frontend/pages/audit/auditSearch.ts";
import { parseTaskSearch } from "#frontend/pages/task/taskTabs.ts";
import { eventId } from "#frontend/events/eventText.ts";
import type { ConcordatEvent } from "#protocol/events/concordatEvent";

const OPERATOR = "0xAbCdEf0123456789aBcDeF0123456789ABCDef01";
const EVENT = {
  contract: "RoundCoordinator",
  name: "UpdateAccepted",
  args: { taskId: 3n, round: 2, nodeId: 7n, memberId: 1, digest: `0x${"5e".repeat(32)}`, samples: 900 },
  place: { blockNumber: 1234, transactionHash: `0x${"1f".repeat(32)}`, logIndex: 4 },
} as unknown as ConcordatEvent;
const ADMISSION = {
  contract: "NodeRegistry",
  name: "NodeAdmitted",
  args: { nodeId: 7n, operator: OPERATOR, endpoints: "https://node.example" },
  place: { blockNumber: 99, transactionHash: `0x${"2a".repeat(32)}`, logIndex: 0 },
} as unknown as ConcordatEvent;

describe("what the audit page's address asks for", () => {
  it("all of it must hold", () => {
    const full = {
      contract: "RoundCoordinator",
      name: "UpdateAccepted",
      task: 3,
      round: 2,
      node: 7,
    } as const;
    expect(matches(EVENT, {})).to.equal(true);
    expect(matches(EVENT, full)).to.equal(true);
    for (const change of [
      { contract: "TaskRegistry" },
      { name: "ReportAccepted" },
      { task: 4 },
      { round: 0 },
      { node: 1 },
      { text: "no such text" },
      { event: eventId(ADMISSION) },
    ] as const)
      expect(matches(EVENT, { ...full, ...change }), JSON.stringify(change)).to.equal(false);
  });

  it("text is found in fields, transactions and blocks, in capitals or not", () => {
    for (const text of [OPERATOR, OPERATOR.toLowerCase(), "NODE.example", "2A2a", "99"])
      expect(matches(ADMISSION, { text }), text).to.equal(true);
    expect(matches(EVENT, { text: "123" }), "a part of a block's number").to.equal(false);
    expect(matches(ADMISSION, { task: 7 }), "an event that is of no task").to.equal(false);
  });

  it("a link to an event finds this event alone", () => {
    const later = { ...EVENT, place: { ...EVENT.place, logIndex: 5 } } as ConcordatEvent;
    expect(
      [EVENT, later, ADMISSION].filter((each) => matches(each, { event: eventId(EVENT) })),
    ).to.deep.equal([EVENT]);
  });

  it("whatever else stands in an address is passed over", () => {
    const found = parseAuditSearch({
      contract: "Nobody",
      name: "",
      task: -1,
      round: 1.5,
      node: "7",
      text: 5,
      x: 1,
    });
    expect(Object.values(found).filter((value) => value !== undefined)).to.deep.equal([]);
    expect(parseAuditSearch({ text: "a".repeat(5000) }).text).to.have.lengthOf(200);
    const known = {
      contract: "StakeVault",
      name: "Slashed",
      task: 0,
      round: 3,
      node: 9,
      text: "a",
      event: "b",
    } as const;
    expect(parseAuditSearch(known)).to.deep.equal(known);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (search) => {
        matches(EVENT, parseAuditSearch(search));
        const { tab } = parseTaskSearch(search);
        expect(tab === undefined || tab.length > 2).to.equal(true);
      }),
    );
  });
});
