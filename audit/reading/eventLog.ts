import { inChainOrder } from "@concordat/protocol/events/chainLog";
import type { ChainLog } from "@concordat/protocol/events/chainLog";
import type { ConcordatEvent, EventPlace } from "@concordat/protocol/events/concordatEvent";
import { CONTRACT_NAMES, contractFinder } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { decodeEvent } from "@concordat/protocol/events/decodeEvent";
import type { ChainSource } from "./chainSource.ts";
import type { Deployment } from "./contracts.ts";
import { orUndecodable } from "./decodeLog.ts";
import type { Undecodable } from "./decodeLog.ts";
import { readLogRanges } from "./logRanges.ts";

/** A log of an audited contract whose bytes are not what its event has. */
export interface UndecodableEvent extends Undecodable {
  readonly contract: ContractName;
  readonly place: EventPlace;
}

/** What a log of an audited contract tells, possible or not. */
export type AuditEvent = ConcordatEvent | UndecodableEvent;

/**
 * All events from the deployment up to `toBlock` in the chain's order, a block range at a time.
 * @throws as {@link readLogRanges}.
 */
export async function* readEvents(
  source: ChainSource,
  deployment: Deployment,
  toBlock: number,
): AsyncGenerator<AuditEvent> {
  const addresses = CONTRACT_NAMES.map((name) => deployment.contracts[name]);
  for await (const { logs } of readLogRanges(source, addresses, deployment.deploymentBlock, toBlock)) {
    yield* eventsOf(deployment, logs);
  }
}

/** The events of logs of a deployment, in the chain's order, without logs that no contract's interface explains. */
export function* eventsOf({ contracts }: Deployment, logs: readonly ChainLog[]): Generator<AuditEvent> {
  const contractAt = contractFinder(contracts);
  for (const log of logs.toSorted(inChainOrder)) {
    const contract = contractAt(log.address);
    const event = contract === undefined ? undefined : auditedEvent(contract, log);
    if (event !== undefined) yield event;
  }
}

/** The event of a log, or undefined for one that the contract's interface does not have. */
function auditedEvent(contract: ContractName, log: ChainLog): AuditEvent | undefined {
  const event = orUndecodable(contract, log, () => decodeEvent(contract, log));
  if (event === undefined || "contract" in event) return event;
  const { blockNumber, blockHash, transactionHash, logIndex } = log;
  return { contract, ...event, place: { blockNumber, blockHash, transactionHash, logIndex } };
}
