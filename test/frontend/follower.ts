import { createPublicClient, custom } from "viem";
import type { Hex } from "viem";
import { missingEvents } from "#frontend/chain/missingEvents.ts";
import type { SendRequest } from "#frontend/events/chainReader.ts";
import { chainReader } from "#frontend/events/chainReader.ts";
import { EventSync } from "#frontend/events/eventSync.ts";
import type { SyncStatus } from "#frontend/events/eventSync.ts";
import type { SegmentCache } from "#frontend/events/segmentCache.ts";
import { NO_CACHE } from "#frontend/events/segmentCache.ts";
import type { Scenario } from "../audit/scenario.ts";
import type { ContractName } from "#protocol/events/contracts";
import type { Segment } from "#frontend/events/segment.ts";
import { applyEvent } from "#protocol/history/applyEvent";
import { emptyFederation } from "#protocol/history/federationState";
import type { FederationState } from "#protocol/history/federationState";

export interface FollowerOptions {
  readonly cache?: SegmentCache;
  readonly mayAnswerLess?: (error: unknown) => boolean;
  readonly isRateLimited?: (error: unknown) => boolean;
  /** Whether the contracts' counts are compared. */
  readonly counts?: boolean;
}

/** An endpoint as viem asks it. */
function askedBy(request: SendRequest) {
  return ({ method, params }: { method: string; params?: readonly unknown[] }) =>
    request(method, params ?? []);
}

/** Follows a chain as the page does, without a page around it. */
export class Follower {
  readonly statuses: SyncStatus[] = [];
  /** How many events a reader saw, each time that something was shown. */
  readonly shown: number[] = [];
  #federation = emptyFederation();
  readonly #sync: EventSync;

  constructor(
    { deployment }: Scenario,
    request: SendRequest,
    {
      cache = NO_CACHE,
      mayAnswerLess = () => true,
      isRateLimited = () => false,
      counts = false,
    }: FollowerOptions = {},
  ) {
    const contracts = deployment.contracts as Readonly<Record<ContractName, Hex>>;
    const client = createPublicClient({
      transport: custom({ request: askedBy(request) }, { retryCount: 0 }),
    });
    this.#sync = new EventSync({
      reader: chainReader(request),
      cache,
      contracts,
      ...(counts && {
        missing: (block: number) => missingEvents({ client, contracts }, this.#federation, block),
      }),
      deploymentBlock: deployment.deploymentBlock,
      index: undefined,
      failures: { mayAnswerLess, isRateLimited },
      sink: {
        reset: () => {
          this.#federation = emptyFederation();
        },
        apply: (event) => applyEvent(this.#federation, event),
        settled: () => {
          this.shown.push(this.#federation.events.length);
        },
      },
      onStatus: (status) => this.statuses.push(status),
    });
  }

  get federation(): FederationState {
    return this.#federation;
  }

  get status(): SyncStatus {
    const last = this.statuses.at(-1);
    if (last === undefined) throw new Error("The follower has not begun");
    return last;
  }

  async advance(): Promise<SyncStatus> {
    await this.#sync.advance();
    return this.status;
  }
}

/** The story's chain as an endpoint, which answers in the order in which it is asked. */
export function endpointOf({ federation }: Scenario): SendRequest {
  return (method, params) => federation.connection.provider.request({ method, params: [...params] });
}

/** The federation that a fresh page would show. */
export async function freshState(scenario: Scenario): Promise<FederationState> {
  const follower = new Follower(scenario, endpointOf(scenario));
  const { error } = await follower.advance();
  if (error !== undefined) throw error;
  return follower.federation;
}

/** A cache that keeps what it is given, as IndexedDB does: by the block that a segment begins with. */
export class MemoryCache implements SegmentCache {
  segments: readonly Segment[] = [];

  load(): Promise<readonly Segment[]> {
    return Promise.resolve(this.segments);
  }

  replace(from: number, segments: readonly Segment[]): Promise<void> {
    this.segments = [...this.segments.filter((each) => each.from < from), ...segments];
    return Promise.resolve();
  }
}
