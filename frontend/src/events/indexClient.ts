import type { Hex } from "viem";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import type { Segment } from "./segment.ts";

/** Milliseconds in which an index must have answered. */
const ANSWER_MS = 15_000;

/** The index is not used, and why: words that follow its name. */
export class IndexRefused extends Error {
  /** Whether it said what is not so, and nothing that it told counts. */
  readonly isLie: boolean;

  constructor(reason: string, { isLie }: { readonly isLie: boolean }) {
    super(reason);
    this.isLie = isLie;
  }
}

/** What an index must be of. */
export interface IndexedDeployment {
  readonly chainId: number;
  readonly deploymentBlock: number;
  readonly contracts: Readonly<Record<ContractName, Hex>>;
}

/** Reads logs from an index (`concordat index serve`), which nobody has to trust: see readIndexed. */
export interface IndexClient {
  /** As configured; segments that it told carry it. */
  readonly url: string;
  /**
   * What the index has of blocks `from` to `to`, from `from` on; undefined where it has not come so far.
   * @throws {IndexRefused} when it does not answer, or is of something else.
   */
  segment(from: number, to: number): Promise<Segment | undefined>;
}

export function indexClient(url: string, deployment: IndexedDeployment): IndexClient {
  return {
    url,
    segment: async (from, to) => {
      const answer = await ask(`${url}/logs?fromBlock=${from}&toBlock=${to}`);
      if (!isOf(answer, deployment)) throw lie("is of another chain or deployment");
      const end = answer["to"];
      if (end === from - 1) return undefined;
      const { toHash, logs } = answer;
      if (!isBlock(end) || end < from || end > to || !isHex(toHash) || !Array.isArray(logs)) throw MALFORMED;
      return { from, to: end, toHash, logs: logs.map(readLog), index: url };
    },
  };
}

const MALFORMED = lie("answers what no index does");

async function ask(address: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(address, {
    signal: AbortSignal.timeout(ANSWER_MS),
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
  }).catch(() => undefined);
  if (response?.ok !== true) throw new IndexRefused("does not answer", { isLie: false });
  const answer: unknown = await response.json().catch(() => undefined);
  if (!isRecord(answer) || answer["format"] !== "concordat/index-logs/1") throw MALFORMED;
  return answer;
}

function isOf(answer: Readonly<Record<string, unknown>>, deployment: IndexedDeployment): boolean {
  const { chainId, deploymentBlock, contracts } = answer;
  return (
    chainId === deployment.chainId &&
    isBlock(deploymentBlock) &&
    deploymentBlock <= deployment.deploymentBlock &&
    isRecord(contracts) &&
    CONTRACT_NAMES.every(
      (name) => String(contracts[name]).toLowerCase() === deployment.contracts[name].toLowerCase(),
    )
  );
}

function readLog(value: unknown): ChainLog {
  if (!isRecord(value)) throw MALFORMED;
  const { address, topics, data, blockNumber, blockHash, transactionHash, logIndex } = value;
  if (!isHex(address) || !isHex(data) || !isHex(blockHash) || !isHex(transactionHash)) throw MALFORMED;
  if (!isBlock(blockNumber) || !isBlock(logIndex) || !Array.isArray(topics) || !topics.every(isHex))
    throw MALFORMED;
  return { address, topics, data, blockNumber, blockHash, transactionHash, logIndex };
}

/** Reasons for which nothing of an index counts. */
export function lie(reason: string): IndexRefused {
  return new IndexRefused(reason, { isLie: true });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isHex(value: unknown): value is Hex {
  return typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value);
}

function isBlock(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
