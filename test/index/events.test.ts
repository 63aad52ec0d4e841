import { expect } from "chai";
import type { AbiFields } from "#protocol/events/abiValues";
import { decodeLog } from "#audit/reading/decodeLog";
import { exactJson } from "#audit/index/columns";
import { EVENT_TABLES } from "#audit/index/eventTables";
import { toBitmap } from "#protocol/rules/bitmap";
import * as enums from "#protocol/contracts/enums";
import { inChainOrder } from "#protocol/events/chainLog";
import type { ChainLog } from "#protocol/events/chainLog";
import { contractFinder } from "#protocol/events/contracts";
import type { ContractName } from "#protocol/events/contracts";
import { packScores } from "#protocol/rules/packedScores";
import {
  beginScenario,
  playContractSigner,
  playEventfulTask,
  playFailures,
  playStakedTask,
} from "../audit/scenario.ts";
import type { Scenario } from "../audit/scenario.ts";
import { ask, contents, sourceOf, suiteFolder, writeIndex } from "./scenarioIndex.ts";

/** Every enum's name of a value, for columns that hold names. */
const NAMES = Object.values(enums).filter((value) => typeof value === "object");

describe("the index of a chain", () => {
  const folder = suiteFolder();
  let scenario: Scenario;
  let events: readonly StoryEvent[];
  let path: string;

  before(async () => {
    scenario = await beginScenario();
    await playEventfulTask(scenario);
    await playStakedTask(scenario);
    await playFailures(scenario);
    await playContractSigner(scenario);
    events = await eventsOfStory(scenario);
    path = folder.file("index.sqlite");
    await writeIndex(scenario, path);
  });

  it("has every event that an audit reads, in the chain's order, with every value exact", () => {
    const found = ask(path, "SELECT * FROM events ORDER BY blockNumber, logIndex").map((row) => [
      row["blockNumber"],
      row["logIndex"],
      row["transactionHash"],
      row["contract"],
      row["name"],
      row["args"],
    ]);
    expect(found).to.deep.equal(
      events.map((event) => [
        event.log.blockNumber,
        event.log.logIndex,
        event.log.transactionHash,
        event.contract,
        event.name,
        exactJson(event.args),
      ]),
    );
    expect(found.length).to.be.greaterThan(150);
  });

  it("has each event as a row of the table with its name, and each value in the column with its name", () => {
    for (const { name, columns } of EVENT_TABLES) {
      const rows = ask(path, `SELECT * FROM ${name} ORDER BY blockNumber, logIndex`);
      const expected = events.filter((event) => event.name === name);
      expect(rows.length, name).to.equal(expected.length);
      for (const [index, row] of rows.entries()) {
        const event = expected[index];
        if (event === undefined) throw new Error(`${name} has more rows than events`);
        expect([row["blockNumber"], row["logIndex"]]).to.deep.equal([
          event.log.blockNumber,
          event.log.logIndex,
        ]);
        for (const column of columns) {
          const [first = "", field] = column.name.split("_");
          const value = event.args[first];
          const inner = field === undefined ? value : (value as Record<string, unknown>)[field];
          expectSame(row[column.name], inner, `${name}.${column.name}`);
        }
      }
    }
  });

  it("has the headers of the blocks and the receipts of the transactions of these events", async () => {
    const { provider } = scenario.federation.connection.ethers;
    const blocks = ask(path, "SELECT * FROM blocks");
    expect(blocks.map(({ number }) => number)).to.deep.equal([
      ...new Set(events.map(({ log }) => log.blockNumber)),
    ]);
    for (const { number, hash, parent, timestamp } of blocks) {
      const block = await provider.getBlock(Number(number));
      expect([hash, parent, timestamp]).to.deep.equal([block?.hash, block?.parentHash, block?.timestamp]);
    }
    const transactions = ask(path, "SELECT * FROM transactions");
    expect(new Set(transactions.map(({ hash }) => hash))).to.deep.equal(
      new Set(events.map(({ log }) => log.transactionHash)),
    );
    for (const found of transactions) {
      const receipt = await provider.getTransactionReceipt(String(found["hash"]));
      expect(found).to.include({
        blockNumber: receipt?.blockNumber,
        position: receipt?.index,
        sender: receipt?.from,
        recipient: receipt?.to,
        gasUsed: Number(receipt?.gasUsed),
        feeWei: String(receipt?.fee),
        status: receipt?.status,
        error: null,
      });
    }
    const methods = ask(path, "SELECT DISTINCT method FROM transactions").map(({ method }) => method);
    expect(methods).to.include.members(["create", "publish", "joinTask", "start", "submitUpdates", "claim"]);
  });

  it("is the same where an endpoint answers only for a few blocks at a time", async () => {
    const source = sourceOf(scenario);
    const narrow = {
      ...source,
      logs: (addresses: readonly string[], from: number, to: number) =>
        to - from < 7 ? source.logs(addresses, from, to) : Promise.reject(new Error("range too large")),
    };
    const other = folder.file("narrow.sqlite");
    await writeIndex(scenario, other, narrow);
    expect(contents(other)).to.deep.equal(contents(path));
  });
});

interface StoryEvent {
  readonly contract: ContractName;
  readonly name: string;
  readonly args: AbiFields;
  readonly log: ChainLog;
}

/** Every event of the story's contracts in the chain's order, with each value as exact as the chain has it. */
async function eventsOfStory({ source, deployment }: Scenario): Promise<StoryEvent[]> {
  const contractAt = contractFinder(deployment.contracts);
  const logs = await source.logs(Object.values(deployment.contracts), 0, await source.latestBlock());
  return logs.toSorted(inChainOrder).flatMap((log) => {
    const contract = contractAt(log.address);
    const event = contract === undefined ? undefined : decodeLog(contract, log);
    return contract === undefined || event === undefined ? [] : [{ contract, ...event, log }];
  });
}

/** Compares a cell with the decoded value behind it, by what the value is. */
function expectSame(cell: unknown, value: unknown, what: string): void {
  if (Array.isArray(value)) {
    const items = JSON.parse(String(cell)) as unknown[];
    const isBitmap = /accepted|rejected|lowered/.test(what);
    if (isBitmap) expect(toBitmap(items as number[], 256 * value.length), what).to.deep.equal(value);
    else if (typeof value[0] === "bigint")
      expect(
        items.map((item) => BigInt(item as number)),
        what,
      ).to.deep.equal(value);
    else
      expect(JSON.stringify(items), what).to.equal(
        JSON.stringify(value, (_, v) => (typeof v === "bigint" ? Number(v) : v)),
      );
  } else if (what.endsWith(".scores")) {
    expect(packScores(JSON.parse(String(cell)) as number[]), what).to.equal(value);
  } else if (typeof value === "boolean") {
    expect(cell, what).to.equal(Number(value));
  } else if (typeof value === "bigint" && typeof cell === "string" && !/^\d/.test(cell)) {
    const numbers = NAMES.map((names) => (names as Record<string, number>)[cell]);
    expect(numbers, what).to.include(Number(value));
  } else if (typeof value === "bigint") {
    expect(BigInt(cell as number | string), what).to.equal(value);
  } else {
    expect(cell, what).to.equal(value);
  }
}
