import { AbiCoder, ZeroHash, concat, dataLength, toBeHex, zeroPadValue } from "ethers";
import { expect } from "chai";
import { failureReason } from "#audit/index/failureReason";
import { indexSource } from "#audit/index/indexSource";
import type { IncludedTransaction } from "#audit/index/indexSource";
import { EVENT_TABLES } from "#audit/index/eventTables";
import { decodeLog } from "#audit/reading/decodeLog";
import { INTERFACES } from "#audit/reading/contracts";
import { EndpointError } from "#chain/endpoints/endpointError";
import { beginScenario } from "../audit/scenario.ts";
import { ask, chainOf, sourceOf, suiteFolder, writeIndex } from "./scenarioIndex.ts";

const coder = AbiCoder.defaultAbiCoder();

const FAILED: IncludedTransaction = {
  hash: toBeHex(1, 32),
  blockNumber: 7,
  blockHash: toBeHex(2, 32),
  position: 0,
  sender: toBeHex(3, 20),
  recipient: toBeHex(4, 20),
  input: "0x",
  value: 0n,
  gasLimit: 100_000,
  gasUsed: 50_000,
  gasPrice: 1n,
  status: 0,
};

describe("an index of what strangers wrote on chain", () => {
  const folder = suiteFolder();

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

  it("has the reason of a token that reverts with a string that is no UTF-8, cut where it is long", async () => {
    const scenario = await beginScenario();
    const { federation, deployment } = scenario;
    const { token, stakeVault } = federation.contracts;
    const reason = coder.encode(["bytes"], [concat(["0xff6869", `0x${"61".repeat(1000)}`])]);
    const data = concat(["0x08c379a0", reason]);
    const size = toBeHex(dataLength(data), 2).slice(2);
    // Copies what stands after these 14 bytes to memory, and reverts with it.
    const code = concat([`0x61${size}600e60003961${size}6000fd`, data]);
    await federation.connection.networkHelpers.setCode(await token.getAddress(), code);
    const { operator } = federation.node(1);
    const permit = { deadline: 0, v: 0, r: ZeroHash, s: ZeroHash };
    const deposit = stakeVault
      .connect(operator)
      .deposit(1, await token.getAddress(), 1n, permit, { gasLimit: 500_000 });
    await deposit.then(
      () => expect.fail("the token took it"),
      () => undefined,
    );
    const path = folder.file("index.sqlite");
    await writeIndex(scenario, path, sourceOf(scenario), { ...chainOf(scenario), hasAllTransactions: true });
    const failed = ask(path, "SELECT recipient, error FROM transactions WHERE status = 0");
    const error = `error (\ufffdhi${"a".repeat(1000)}`.slice(0, 500);
    expect(failed).to.deep.equal([{ recipient: deployment.contracts.StakeVault, error }]);
  });

  for (const fault of ["unreachable", "rateLimited", "unavailable", "behind", "indexing"] as const) {
    it(`asks again for a reason where the endpoint could not be heard: ${fault}`, async () => {
      const silence = new EndpointError("http://chain.example", fault, "execution reverted, perhaps");
      const source = indexSource(() => Promise.reject(silence));
      const reason = await failureReason(source, FAILED).catch((error: unknown) => error);
      expect(reason).to.equal(silence);
    });
  }

  it("has no reason where the endpoint answers that it forgot the state", async () => {
    const forgotten = new EndpointError("http://chain.example", "pruned", "missing trie node");
    expect(
      await failureReason(
        indexSource(() => Promise.reject(forgotten)),
        FAILED,
      ),
    ).to.equal(null);
  });
});
