import { inChainOrder } from "@concordat/protocol/events/chainLog";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import type { AuditedEndpoint } from "../auditOptions.ts";
import type { Deployment } from "./contracts.ts";
import { LARGEST_RANGE, readLogRanges } from "./logRanges.ts";

/** Logs that a range has when all are read again: an endpoint that cuts its answers short cuts them elsewhere then. */
const LOGS_A_RANGE = 50;

/** How many times narrower ranges are when something was missing. */
const NARROWER = 8;

/** A log that one of two readings has and the other has not. */
export interface LogDifference {
  readonly log: ChainLog;
  readonly isIn: "first" | "second";
}

/** The logs of a deployment as one endpoint gave them, from the deployment up to some block. Parts can be read again. */
export class LogReading {
  readonly endpoint: AuditedEndpoint;
  readonly #deployment: Deployment;
  #logs: ChainLog[] = [];
  #next: number;
  #widest = LARGEST_RANGE;

  constructor(endpoint: AuditedEndpoint, deployment: Deployment) {
    this.endpoint = endpoint;
    this.#deployment = deployment;
    this.#next = deployment.deploymentBlock;
  }

  /** In the chain's order. */
  get logs(): readonly ChainLog[] {
    return this.#logs;
  }

  /** Reads what is missing up to a block. */
  async extend(toBlock: number): Promise<void> {
    for await (const { to, logs } of this.#read(this.#next, toBlock)) {
      for (const log of logs.toSorted(inChainOrder)) this.#logs.push(log);
      this.#next = to + 1;
    }
  }

  /** Forgets what was read from this block on; it will be read in narrower ranges, which hide less. */
  forget(fromBlock: number): void {
    const span = this.#next - this.#deployment.deploymentBlock;
    this.#widest = Math.max(1, Math.ceil(Math.min(this.#widest, span) / NARROWER));
    if (fromBlock >= this.#next) return;
    this.#next = Math.max(this.#deployment.deploymentBlock, fromBlock);
    this.#logs = this.#logs.filter(({ blockNumber }) => blockNumber < this.#next);
  }

  /** Reads everything once more, in other ranges. */
  async again(): Promise<LogReading> {
    const other = new LogReading(this.endpoint, this.#deployment);
    const ends = this.#logs.filter((_, i) => i % LOGS_A_RANGE === LOGS_A_RANGE - 1);
    for (const { blockNumber } of ends) await other.extend(Math.min(blockNumber, this.#next - 1));
    await other.extend(this.#next - 1);
    return other;
  }

  #read(from: number, to: number): ReturnType<typeof readLogRanges> {
    const addresses = CONTRACT_NAMES.map((name) => this.#deployment.contracts[name]);
    return readLogRanges(this.endpoint.source, addresses, from, to, this.#widest);
  }
}

/** What two readings do not have in common, in the chain's order. */
export function compareReadings(
  first: readonly ChainLog[],
  second: readonly ChainLog[],
): readonly LogDifference[] {
  const [inFirst, inSecond] = [new Set(first.map(keyOf)), new Set(second.map(keyOf))];
  const only = (logs: readonly ChainLog[], others: ReadonlySet<string>, isIn: LogDifference["isIn"]) =>
    logs.filter((log) => !others.has(keyOf(log))).map((log) => ({ log, isIn }));
  return [...only(first, inSecond, "first"), ...only(second, inFirst, "second")].toSorted((a, b) =>
    inChainOrder(a.log, b.log),
  );
}

/** All of a log that an event is made of. */
function keyOf({
  address,
  blockNumber,
  blockHash,
  logIndex,
  transactionHash,
  topics,
  data,
}: ChainLog): string {
  const place = [blockNumber, blockHash, logIndex, transactionHash];
  return [address.toLowerCase(), ...place, ...topics, data].join(" ");
}
