import { isEndpointFault } from "@concordat/chain/endpoints/endpointError";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import type { AuditScope, AuditedEndpoint, AuditedEndpoints } from "../auditOptions.ts";
import { AuditRun } from "../auditRun.ts";
import type { ChainSource } from "./chainSource.ts";
import { EventCounter } from "./eventCounts.ts";
import { findEventGaps, gapWords } from "./eventGaps.ts";
import { eventsOf } from "./eventLog.ts";
import { LogReading, compareReadings } from "./logReading.ts";
import type { LogDifference } from "./logReading.ts";
import { Patience } from "./patience.ts";
import type { AuditReport } from "../report.ts";
import { viewReader } from "./views.ts";

/** Milliseconds for which what does not fit together is read again. */
const PATIENCE_MS = 30_000;
/** Blocks whose logs are read again first: backends are a few blocks behind, not thousands. */
const RECENT_BLOCKS = 256;
/** Times that the audit goes on to a newer block since the endpoint forgot the state of the one before. */
const MAX_EXTENSIONS = 3;

/** What an endpoint said does not fit together, at the moment or for good. */
class UnsettledError extends ConcordatError {}

/**
 * Audits a chain through endpoints as they are. Logs count only when they are as many as the contracts count, a disagreement
 * only when two readings of all logs are the same, and everything only when the last block is the same at the end as at the
 * beginning. Several endpoints must give the same blocks and logs.
 * @throws {ConcordatError} in one line, where an endpoint is incomplete or contradicts itself for longer than the patience.
 */
export async function auditEndpoints(
  { endpoints, patienceMs = PATIENCE_MS }: AuditedEndpoints,
  scope: AuditScope,
): Promise<AuditReport> {
  const readings = endpoints.map((endpoint) => new LogReading(endpoint, scope.addressBook));
  const patience = new Patience(patienceMs);
  for (let tries = 1; ; tries++) {
    try {
      return await tryOnce(readings, scope);
    } catch (error) {
      if (!(error instanceof UnsettledError) || !(await patience.pause())) throw error;
      const head = Math.max(...readings.map(({ logs }) => logs.at(-1)?.blockNumber ?? 0));
      for (const reading of readings) reading.forget(tries === 1 ? head - RECENT_BLOCKS : 0);
      scope.onRestart?.();
    }
  }
}

async function tryOnce(readings: LogReading[], scope: AuditScope): Promise<AuditReport> {
  const [reading] = readings;
  if (reading === undefined) throw new TypeError("An audit needs an endpoint");
  const endpoints = readings.map(({ endpoint }) => endpoint);
  const { source } = reading.endpoint;
  let toBlock = scope.toBlock ?? (await commonHead(endpoints));
  let last = await agreedHash(endpoints, toBlock);
  await readAll(readings, scope, toBlock);
  const branch = new LogBranch(source, reading.logs);
  const run = await AuditRun.begin(branch.source, scope, toBlock);
  await run.replay(eventsOf(scope.addressBook, reading.logs), toBlock);
  for (let extensions = 0; ; extensions++) {
    try {
      await run.compareState(toBlock);
      break;
    } catch (error) {
      const newer = isForgotten(error) && scope.toBlock === undefined ? await commonHead(endpoints) : toBlock;
      if (newer <= toBlock || extensions === MAX_EXTENSIONS) throw error;
      // The replay took longer than the endpoint keeps states: what happened meanwhile is replayed too.
      const known = reading.logs.length;
      await requireHash(endpoints, toBlock, last);
      toBlock = newer;
      last = await agreedHash(endpoints, toBlock);
      await readAll(readings, scope, toBlock);
      const more = reading.logs.slice(known);
      branch.add(more);
      await run.replay(eventsOf(scope.addressBook, more), toBlock);
    }
  }
  await requireHash(endpoints, toBlock, last);
  if (run.disagrees && readings.length === 1) await confirm(readings, reading);
  return run.report(toBlock);
}

function isForgotten(error: unknown): boolean {
  return isEndpointFault(error, "pruned");
}

/** The newest block that all endpoints have. */
async function commonHead(endpoints: readonly AuditedEndpoint[]): Promise<number> {
  return Math.min(...(await Promise.all(endpoints.map(({ source }) => source.latestBlock()))));
}

/** The hash that all endpoints give for a block. @throws {UnsettledError} where they differ. */
async function agreedHash(endpoints: readonly AuditedEndpoint[], block: number): Promise<string> {
  const hashes = await Promise.all(endpoints.map(async ({ source }) => (await source.block(block)).hash));
  const [first = ""] = hashes;
  const other = hashes.findIndex((hash) => hash !== first);
  if (other < 0) return first;
  const [one, another] = [endpoints[0], endpoints[other]].map((endpoint) => endpoint?.name ?? "");
  throw new UnsettledError(
    `The endpoints are on different branches: block ${block} is ${first} at ${one} and ${hashes[other] ?? "none"} at ${another}`,
    { hint: "Give endpoints of the same chain, or try again later" },
  );
}

/** @throws {UnsettledError} where a block is not the one that it was at the beginning. */
async function requireHash(
  endpoints: readonly AuditedEndpoint[],
  block: number,
  hash: string,
): Promise<void> {
  if ((await agreedHash(endpoints, block)) !== hash) throw reorganised(block);
}

function reorganised(block: number): UnsettledError {
  return new UnsettledError(
    `The chain reorganised while it was audited: block ${block} is now a different one`,
    {
      hint: "Try again later",
    },
  );
}

/** Reads all logs up to a block, and requires that they are complete, and the same at all endpoints. */
async function readAll(readings: readonly LogReading[], scope: AuditScope, toBlock: number): Promise<void> {
  for (const reading of readings) {
    await reading.extend(toBlock);
    await requireComplete(reading, scope, toBlock);
  }
  const [first, ...others] = readings;
  for (const other of others) {
    const differences = compareReadings(first?.logs ?? [], other.logs);
    if (differences.length > 0) throw differing(first?.endpoint.name ?? "", other.endpoint.name, differences);
  }
}

async function requireComplete(
  { endpoint, logs }: LogReading,
  { addressBook, taskId }: AuditScope,
  toBlock: number,
): Promise<void> {
  const counter = new EventCounter();
  for (const event of eventsOf(addressBook, logs)) counter.add(event);
  const view = viewReader(endpoint.source, addressBook, toBlock);
  const gaps = await findEventGaps(view, counter, (task) => taskId === undefined || task === taskId);
  if (gaps.length === 0) return;
  throw new UnsettledError(
    `The endpoint's logs are incomplete: ${endpoint.name} gives ${gapWords(gaps)} up to block ${toBlock}`,
    { hint: "Ask another endpoint, or this one again later" },
  );
}

function differing(first: string, second: string, differences: readonly LogDifference[]): UnsettledError {
  const lacking = (isIn: LogDifference["isIn"]): readonly LogDifference[] =>
    differences.filter((difference) => difference.isIn === isIn);
  const words = (who: string, lacks: readonly LogDifference[]): string[] => {
    const [from] = lacks;
    if (from === undefined) return [];
    const logs = lacks.length === 1 ? "1 log" : `${lacks.length} logs`;
    return [`${who} lacks ${logs}, the first in block ${from.log.blockNumber}`];
  };
  const parts = [...words(second, lacking("first")), ...words(first, lacking("second"))];
  return new UnsettledError(`The endpoints give different logs: ${parts.join("; ")}`, {
    hint: "Ask a third endpoint: one of these is incomplete, or lies",
  });
}

/** A disagreement counts only when a second reading of all logs is the same. @throws {UnsettledError} where it is not. */
async function confirm(readings: LogReading[], reading: LogReading): Promise<void> {
  const second = await reading.again();
  const differences = compareReadings(reading.logs, second.logs);
  if (differences.length === 0) return;
  // The fuller of the two is where the next try goes on from.
  if (second.logs.length > reading.logs.length) readings[0] = second;
  throw new UnsettledError(
    `The endpoint's logs are incomplete: ${reading.endpoint.name} gives ${differences.length} of its logs in one answer and not in another`,
    { hint: "Ask another endpoint, or this one again later" },
  );
}

/** A source whose blocks are those that the logs are from: an answer of another branch ends the try. */
class LogBranch {
  readonly source: ChainSource;
  readonly #hashes = new Map<number, string>();

  constructor(source: ChainSource, logs: readonly ChainLog[]) {
    this.add(logs);
    this.source = {
      ...source,
      block: async (number) => {
        const facts = await source.block(number);
        const hash = this.#hashes.get(number);
        if (hash !== undefined && hash !== facts.hash) throw reorganised(number);
        return facts;
      },
    };
  }

  add(logs: readonly ChainLog[]): void {
    for (const { blockNumber, blockHash } of logs) {
      this.#hashes.set(blockNumber, blockHash);
    }
  }
}
