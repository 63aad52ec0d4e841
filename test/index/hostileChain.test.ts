import { AbiCoder, toBeHex, zeroPadValue } from "ethers";
import { expect } from "chai";
import { EVENT_TABLES } from "../../audit/index/eventTables.ts";
import { decodeLog } from "../../audit/decodeLog.ts";
import { INTERFACES } from "../../audit/contracts.ts";

const coder = AbiCoder.defaultAbiCoder();

describe("an index of what strangers wrote on chain", () => {
  it("reads a string that is no UTF-8, its bad bytes as U+FFFD", () => {
    const topic = INTERFACES.NodeRegistry.getEvent("EndpointsChanged")?.topicHash ?? "";
    const log = {
      topics: [topic, zeroPadValue("0x07", 32)],
      data: coder.encode(["bytes"], ["0xff6869fe"]),
    };
    expect(decodeLog("NodeRegistry", log)).to.deep.equal({
      name: "EndpointsChanged",
      args: { nodeId: 7n, endpoints: "\ufffdhi\ufffd" },
    });
  });

  it("keeps a number that no INTEGER can hold as the greatest exact one", () => {
    const event = INTERFACES.TaskRegistry.getEvent("TaskEnded");
    const huge = 2n ** 255n;
    const log = {
      topics: [event?.topicHash ?? "", toBeHex(1, 32)],
      data: coder.encode(["uint8", "uint8", "uint256"], [9, 1, huge]),
    };
    const decoded = decodeLog("TaskRegistry", log);
    expect(decoded?.args["roundsPlayed"]).to.equal(huge);
    const { columns = [] } = EVENT_TABLES.find(({ name }) => name === "TaskEnded") ?? {};
    const row = columns.map(({ cell }) => cell(decoded?.args ?? {}));
    expect(row).to.deep.equal([1, "unknown (9)", "RoundsDone", Number.MAX_SAFE_INTEGER]);
  });

  it("keeps a log whose bytes do not fit its event under a name of its own", () => {
    const topic = INTERFACES.NodeRegistry.getEvent("EndpointsChanged")?.topicHash ?? "";
    expect(decodeLog("NodeRegistry", { topics: [topic, toBeHex(7, 32)], data: "0x01" })).to.deep.equal({
      name: "Undecodable",
      args: { event: "EndpointsChanged", problem: "data out-of-bounds" },
    });
  });

  it("leaves out logs that no event of the contract explains", () => {
    expect(decodeLog("StakeVault", { topics: [zeroPadValue("0x01", 32)], data: "0x" })).to.equal(undefined);
    expect(decodeLog("StakeVault", { topics: [], data: "0x" })).to.equal(undefined);
  });
});
