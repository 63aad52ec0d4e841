import { createPublicClient, custom } from "viem";
import type { Hex } from "viem";
import { missingEvents } from "#frontend/chain/missingEvents.ts";
import type { SendRequest } from "#frontend/events/chainReader.ts";
import { chainReader } from "#frontend/events/chainReader.ts";
import { EventSync } from "#frontend/events/eventSync.ts";
import type { SyncStatus } from "#frontend/events/eventSync.ts";
import type { SegmentCache } from "#frontend/events/segmentCache.ts";
import { NO_CACHE } from "#frontend/events/segmentCache.ts";
import type { Story } from "../audit/story.ts";
import type { ContractName } from "#protocol/events/contracts";
import type { Segment } from "#frontend/events/segment.ts";
import { applyEvent } from "#protocol/history/applyEvent";
import { emptyWorld } from "#protocol/history/world";
import type { World } from "#protocol/history/world";

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
  #world = emptyWorld();
  readonly #sync: EventSync;

  constructor(
    { deployment }: Story,
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
      ...(counts && { missing: (block: number) => missingEvents({ client, contracts }, this.#world, block) }),
      deploymentBlock: deployment.deploymentBlock,
      index: undefined,
      failures: { mayAnswerLess, isRateLimited },
      sink: {
        reset: () => {
          this.#world = emptyWorld();
        },
        apply: (event) => applyEvent(this.#world, event),
        settled: () => {
          this.shown.push(this.#world.events.length);
        },
      },
      onStatus: (status) => this.statuses.push(status),
    });
  }

  get world(): World {
    return this.#world;
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
export function endpointOf({ federation }: Story): SendRequest {
  return (method, params) => federation.connection.provider.request({ method, params: [...params] });
}

/** The world that a fresh page would show. */
export async function freshWorld(story: Story): Promise<World> {
  const follower = new Follower(story, endpointOf(story));
  const { error } = await follower.advance();
  if (error !== undefined) throw error;
  return follower.world;
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
