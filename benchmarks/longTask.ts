import { decodeEventLog, encodeAbiParameters, encodeEventTopics } from "viem";
import type { Abi, AbiEvent, Hex } from "viem";
import { roundCoordinatorAbi, rewardLedgerAbi } from "#protocol/contracts/abis";
import { packScores, unpackScores } from "#protocol/rules/packedScores";

/** A log as JSON-RPC gives it. */
export interface RpcLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: Hex;
}

/** Candidates of alpha in the task. */
const STEPS = 10;
const ABIS: Abi = [...roundCoordinatorAbi, ...rewardLedgerAbi];

/**
 * The logs of a task of `rounds` rounds, of which the chain has played the first ones: the last finished round again and
 * again, with its number, its blocks and its scores changed. Playing them would take as many signatures as results.
 */
export function prolong(played: readonly RpcLog[], template: number, rounds: number): RpcLog[] {
  const first = played.findIndex((log) => isOpening(log, template));
  const end = played.findIndex((log) => isOpening(log, template + 1));
  const part = played.slice(first, end);
  const height = blockOf(played[end]) - blockOf(played[first]);
  const logs = played.slice(0, end);
  for (let round = template + 1; round <= rounds; round++) {
    for (const [index, log] of part.entries()) {
      logs.push({
        ...withRound(log, round, index),
        blockNumber: hex(blockOf(log) + (round - template) * height),
        transactionHash: `0x${(BigInt(log.transactionHash) ^ BigInt(round)).toString(16).padStart(64, "0")}`,
        logIndex: hex(index),
      });
    }
  }
  return logs;
}

export function blockOf(log: RpcLog | undefined): number {
  if (log === undefined) throw new Error("The chain has not played the round that is to be repeated");
  return Number(log.blockNumber);
}

function isOpening(log: RpcLog, round: number): boolean {
  const event = decode(log);
  return event?.eventName === "RoundOpened" && Number(event.args["round"]) === round;
}

function withRound(log: RpcLog, round: number, index: number): RpcLog {
  const event = decode(log);
  if (event?.args["round"] === undefined) return log;
  const { eventName, args } = event;
  const changed = { ...args, round: typeof args["round"] === "bigint" ? BigInt(round) : round };
  if (typeof args["scores"] === "bigint") {
    const share = 1 - ((7 * round + 13 * index) % 50) / 100;
    const scores = unpackScores(args["scores"], STEPS).map((score) => Math.floor(score * share));
    Object.assign(changed, { scores: packScores(scores) });
  }
  const abi = eventAbi(eventName);
  const plain = abi.inputs.filter(({ indexed }) => indexed !== true);
  return {
    ...log,
    topics: encodeEventTopics({ abi: [abi], args: changed }) as Hex[],
    data: encodeAbiParameters(
      plain,
      plain.map(({ name = "" }) => (changed as Readonly<Record<string, unknown>>)[name]),
    ),
  };
}

interface Decoded {
  readonly eventName: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Undefined for events of other contracts. */
function decode({ topics, data }: RpcLog): Decoded | undefined {
  try {
    return decodeEventLog({ abi: ABIS, topics: topics as [Hex], data }) as unknown as Decoded;
  } catch {
    return undefined;
  }
}

function eventAbi(name: string): AbiEvent {
  const abi = ABIS.find((entry): entry is AbiEvent => entry.type === "event" && entry.name === name);
  if (abi === undefined) throw new Error(`No event ${name}`);
  return abi;
}

function hex(value: number): Hex {
  return `0x${value.toString(16)}`;
}
