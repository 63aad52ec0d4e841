import { expect } from "chai";
import { Interface, getAddress, toBeHex, zeroPadValue } from "ethers";
import type { InterfaceAbi } from "ethers";
import fc from "fast-check";
import { decodeEventLog } from "viem";
import type { Abi } from "viem";
import { Phase } from "#protocol/contracts/enums";
import { enumOfType } from "#protocol/contracts/enumOfType";
import { fromEthersLog, fromRpcLog, fromViemLog } from "#protocol/events/chainLog";
import type { EthersLog, ViemLog } from "#protocol/events/chainLog";
import { ABIS, CONTRACT_NAMES, mapContracts } from "#protocol/events/contracts";
import type { ContractName } from "#protocol/events/contracts";
import { eventReader } from "#protocol/events/decodeEvent";
import { EventError } from "#protocol/events/eventError";
import type { EventFault } from "#protocol/events/eventError";
import { AMOUNT_FIELDS, BITMAP_FIELDS, WORD_FIELDS } from "#protocol/events/fields";
import type { AbiParameter } from "#protocol/events/fields";

const CONTRACTS = Object.fromEntries(
  CONTRACT_NAMES.map((name, i) => [name, getAddress(toBeHex(i + 0xabc0, 20))]),
) as Record<ContractName, string>;
const INTERFACES = mapContracts((abi) => new Interface(abi as InterfaceAbi));
const BIG: ReadonlySet<string> = new Set([...AMOUNT_FIELDS, ...BITMAP_FIELDS, ...WORD_FIELDS]);
const PLACE = { blockNumber: 7, blockHash: toBeHex(1, 32), transactionHash: toBeHex(2, 32), logIndex: 3 };
const read = eventReader(CONTRACTS);

interface EventParameters {
  readonly name: string;
  readonly inputs: readonly AbiParameter[];
}

function eventsOf(contract: ContractName): readonly EventParameters[] {
  return (ABIS[contract] as readonly { readonly type: string }[]).filter(
    (entry): entry is EventParameters & { readonly type: "event" } => entry.type === "event",
  );
}

/** Any value that a contract may emit of a parameter, integers as bigint. */
function valueOf({ name, type, internalType, components = [] }: AbiParameter): fc.Arbitrary<unknown> {
  const values = enumOfType(internalType);
  if (values !== undefined) return fc.constantFrom(...Object.values(values).map(BigInt));
  if (type === "tuple") return fieldsOf(components);
  if (type === "tuple[]") return fc.array(fieldsOf(components), { maxLength: 3 });
  if (type.endsWith("[]")) return fc.array(integerOf(name, 256), { maxLength: 3 });
  if (type.startsWith("uint")) return integerOf(name, Number(type.slice(4)));
  if (type === "bool") return fc.boolean();
  if (type === "string") return fc.string({ unit: "grapheme" });
  const bytes = { address: 20, bytes32: 32 }[type];
  return fc
    .uint8Array({ minLength: bytes ?? 0, maxLength: bytes ?? 70 })
    .map((array) => `0x${Buffer.from(array).toString("hex")}`)
    .map((hex) => (type === "address" ? getAddress(hex) : hex));
}

function integerOf(name: string, bits: number): fc.Arbitrary<bigint> {
  const most = BIG.has(name) || bits < 53 ? 2n ** BigInt(bits) - 1n : BigInt(Number.MAX_SAFE_INTEGER);
  return fc.bigInt({ min: 0n, max: most });
}

function fieldsOf(parameters: readonly AbiParameter[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(parameters.map((parameter) => [parameter.name, valueOf(parameter)])));
}

/** A log that says this, as ethers gives it. */
function logOf(contract: ContractName, event: string, args: Readonly<Record<string, unknown>>): EthersLog {
  const { blockNumber, blockHash, transactionHash, logIndex: index } = PLACE;
  const abi = INTERFACES[contract];
  const inputs = abi.getEvent(event)?.inputs ?? [];
  const { topics, data } = abi.encodeEventLog(
    event,
    inputs.map(({ name }) => args[name]),
  );
  return { address: CONTRACTS[contract], topics, data, blockNumber, blockHash, transactionHash, index };
}

function asViem({ index, ...log }: EthersLog): ViemLog {
  return { ...log, blockNumber: BigInt(log.blockNumber), logIndex: index };
}

/** The same values with every integer as text: what is compared is what they say. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === "bigint" || typeof each === "number" ? String(each) : each,
    ),
  );
}

function faultOf(act: () => unknown): EventFault | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof EventError) return error.fault;
    throw error;
  }
  return undefined;
}

describe("a log as an event", () => {
  for (const contract of CONTRACT_NAMES) {
    for (const abi of eventsOf(contract)) {
      const { name, inputs } = abi;
      it(`${contract}'s ${name} says what was emitted, whichever library gave it`, () => {
        fc.assert(
          fc.property(fieldsOf(inputs), (emitted) => {
            const log = logOf(contract, name, emitted);
            const event = read(fromEthersLog(log));
            expect(event).to.deep.include({ contract, name, place: PLACE });
            expect(plain(event.args)).to.deep.equal(plain(emitted));
            const { data, topics } = log;
            const byViem = decodeEventLog({ abi: [abi] as unknown as Abi, data, topics } as never);
            expect(plain(event.args)).to.deep.equal(plain((byViem as { args: unknown }).args));
            expect(read(fromViemLog(asViem(log)))).to.deep.equal(event);
            const { index, ...rest } = log;
            expect(read(fromRpcLog({ ...rest, blockNumber: "0x7", logIndex: toBeHex(index) }))).to.deep.equal(
              event,
            );
          }),
          { numRuns: 10 },
        );
      });
    }
  }

  it("has numbers where they are exact, and amounts and words as bigint", () => {
    const deposit = { nodeId: 4n, token: CONTRACTS.StakeVault, received: 5n, stake: 2n ** 200n };
    expect(read(fromEthersLog(logOf("StakeVault", "Deposited", deposit))).args).to.deep.equal({
      ...deposit,
      nodeId: 4,
    });
    const phase = { taskId: 1, round: 2, phase: 3, retry: 0, attempt: 1, phaseStart: 9, deadline: 10 };
    const event = read(fromEthersLog(logOf("RoundCoordinator", "PhaseEntered", phase)));
    expect(event.args).to.deep.equal(phase);
    expect(event.name === "PhaseEntered" && event.args.phase === Phase.Negotiation).to.equal(true);
  });

  it("has the greatest exact number where a foreign coordinator names one that no number holds", () => {
    const args = { taskId: 1n, state: 3n, reason: 1n, roundsPlayed: 2n ** 255n };
    expect(read(fromEthersLog(logOf("TaskRegistry", "TaskEnded", args))).args).to.deep.equal({
      taskId: 1,
      state: 3,
      reason: 1,
      roundsPlayed: Number.MAX_SAFE_INTEGER,
    });
  });

  it("is named an error where it is of another address, of an unknown topic, too short, or in no block", () => {
    const log = logOf("NodeRegistry", "NodeRemoved", { nodeId: 1n, removalIndex: 2n });
    const [first = "", ...others] = log.topics;
    expect(read(fromEthersLog(log)).name).to.equal("NodeRemoved");
    const faults = [
      { ...log, address: toBeHex(1, 20) },
      { ...log, topics: [zeroPadValue("0x01", 32), ...others] },
      { ...log, topics: [] },
      // The event of another contract.
      { ...log, address: CONTRACTS.StakeVault },
      { ...log, topics: [first] },
      { ...log, data: "0x" },
      { ...log, data: log.data.slice(0, -2) },
    ].map((each) => faultOf(() => read(fromEthersLog(each))));
    expect(faults).to.deep.equal([
      "otherAddress",
      "unknownTopic",
      "unknownTopic",
      "unknownTopic",
      "malformed",
      "malformed",
      "malformed",
    ]);
    expect(faultOf(() => fromViemLog({ ...asViem(log), blockNumber: null }))).to.equal("pending");
  });

  it("is named an error where an enum has a value that nobody knows", () => {
    const args = { taskId: 1n, state: 9n, reason: 1n, roundsPlayed: 1n };
    expect(faultOf(() => read(fromEthersLog(logOf("TaskRegistry", "TaskEnded", args))))).to.equal(
      "malformed",
    );
  });
});
