import { createPublicClient, fallback, http } from "viem";
import type { Hex, PublicClient } from "viem";
import { ConcordatError } from "@concordat/protocol/errors";
import { CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import type { ContractName } from "@concordat/protocol/events/contracts";
import { applyEvent } from "@concordat/protocol/history/applyEvent";
import { emptyFederation } from "@concordat/protocol/history/federationState";
import type { FederationState } from "@concordat/protocol/history/federationState";
import type { NetworkConfig } from "../config/dappConfig.ts";
import { chainReader } from "../events/chainReader.ts";
import type { SendRequest } from "../events/chainReader.ts";
import { EventSync } from "../events/eventSync.ts";
import type { SyncStatus } from "../events/eventSync.ts";
import { indexClient } from "../events/indexClient.ts";
import { followNewHeads } from "../events/newHeads.ts";
import { NO_CACHE, openSegmentCache } from "../events/segmentCache.ts";
import { MissingContract } from "./missingContract.ts";
import { missingEvents } from "./missingEvents.ts";
import { isOffline } from "./offline.ts";
import { isRateLimited, mayAnswerLess } from "./refusedAnswer.ts";
import { viemChain } from "./viemChain.ts";

/** The page is told of changes at most this often, in milliseconds. */
const NOTIFY_MS = 80;
/** Milliseconds for which a failure of the endpoint is waited out before the page tells of it. */
const PATIENCE_MS = 8_000;
/** While the endpoint fails, pauses between polls are at most this many times as long. */
const SLOWEST = 8;

/** What one render sees: the same object until something changed. */
export interface StoreState {
  readonly federation: FederationState;
  /** Grows with every change of the federation. */
  readonly version: number;
  readonly sync: SyncStatus;
  /** Whether all events up to the chain's head of the page's start are here. */
  readonly ready: boolean;
  /** Whether blocks are announced by a WebSocket just now. */
  readonly announced: boolean;
}

/** One network's federation as the page sees it: the chain, and all its events, kept up to date. */
export class FederationStore {
  readonly network: NetworkConfig;
  readonly client: PublicClient;
  readonly contracts: Readonly<Record<ContractName, Hex>>;
  readonly request: SendRequest;
  #federation = emptyFederation();
  #state: StoreState;
  #sync: Promise<EventSync> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #notifying: ReturnType<typeof setTimeout> | undefined;
  #stopHeads: (() => void) | undefined;
  #announced = false;
  #stopped = true;
  /** When the endpoint last began to fail, in milliseconds; undefined while all is well. */
  #failingSince: number | undefined;
  /** Polls in a row while it failed: a busy endpoint is asked less often. */
  #failures = 0;
  readonly #listeners = new Set<() => void>();

  constructor(network: NetworkConfig) {
    this.network = network;
    this.contracts = network.addressBook.contracts;
    const endpoints = network.rpcUrls.map((url) => http(url, { batch: { wait: 8 }, retryCount: 1 }));
    this.client = createPublicClient({
      chain: viemChain(network),
      transport: fallback(endpoints, { retryCount: 0 }),
      pollingInterval: network.pollMs,
    });
    this.request = (method, params) =>
      this.client.request({ method, params } as unknown as Parameters<PublicClient["request"]>[0]);
    this.#state = {
      federation: this.#federation,
      version: 0,
      ready: false,
      announced: false,
      sync: {
        syncedTo: network.addressBook.deploymentBlock - 1,
        completeTo: 0,
        head: undefined,
        heardAt: 0,
        error: undefined,
        lagsAt: undefined,
        index: undefined,
      },
    };
  }

  get state(): StoreState {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): void {
    this.#stopped = false;
    document.addEventListener("visibilitychange", this.#onVisible);
    const { webSocketUrl } = this.network;
    if (webSocketUrl !== undefined) {
      this.#stopHeads = followNewHeads(
        webSocketUrl,
        () => void this.advance(),
        (up) => {
          this.#announced = up;
          void this.advance();
        },
      );
    }
    void this.#poll();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#notifying);
    this.#stopHeads?.();
    document.removeEventListener("visibilitychange", this.#onVisible);
  }

  /** Reads what is new now, for example after a transaction of one's own. */
  async advance(): Promise<void> {
    let sync: EventSync;
    try {
      // One for all who call before it is open: two would give each event twice.
      this.#sync ??= this.#open();
      sync = await this.#sync;
    } catch (error) {
      this.#sync = undefined;
      // What is wrong with the configuration does not pass by itself.
      const failed = { ...this.#state.sync, error };
      this.#change({ sync: error instanceof ConcordatError ? failed : this.#patient(failed) });
      return;
    }
    await sync.advance();
  }

  /** The chain's clock in unix seconds, estimated between blocks. */
  now(): number {
    const { head, heardAt } = this.#state.sync;
    return head === undefined ? Date.now() / 1000 : head.timestamp + (Date.now() - heardAt) / 1000;
  }

  readonly #onVisible = (): void => {
    if (!document.hidden) void this.#poll();
  };

  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    if (!document.hidden) await this.advance();
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const factor = this.#failingSince === undefined ? 1 : Math.min(SLOWEST, 2 ** this.#failures++);
    if (factor === 1) this.#failures = 0;
    this.#timer = setTimeout(() => void this.#poll(), factor * this.network.pollMs);
  }

  async #open(): Promise<EventSync> {
    const { addressBook, chainId, indexUrl } = this.network;
    const { deploymentBlock } = addressBook;
    const { contracts } = this;
    const reader = chainReader(this.request);
    // At once, since on a slow line each question in turn costs as much as all together.
    const [first] = await Promise.all([reader.block(deploymentBlock), this.#checkContracts()]);
    const scope = [chainId, ...CONTRACT_NAMES.map((name) => contracts[name]), first?.hash].join(":");
    return new EventSync({
      reader,
      cache: await openSegmentCache(scope).catch(() => NO_CACHE),
      contracts,
      deploymentBlock,
      index:
        indexUrl === undefined ? undefined : indexClient(indexUrl, { chainId, deploymentBlock, contracts }),
      failures: {
        mayAnswerLess: (error) => !isOffline(error) && mayAnswerLess(error),
        isRateLimited,
      },
      sink: {
        reset: () => {
          this.#federation = emptyFederation();
        },
        apply: (event) => applyEvent(this.#federation, event),
        settled: () => this.#change({ federation: this.#federation, version: this.#state.version + 1 }),
      },
      missing: (block) => missingEvents(this, this.#federation, block),
      onStatus: (sync) => {
        const caughtUp = sync.head !== undefined && sync.completeTo >= sync.head.number;
        this.#change({ sync: this.#patient(sync), ready: this.#state.ready || caughtUp });
      },
    });
  }

  /**
   * Without an error that may pass: endpoints limit, lag and hand over between backends all the time, and a page that cries at
   * each is not read any more. That nobody answers at all is told at once.
   */
  #patient(sync: SyncStatus): SyncStatus {
    if (sync.error === undefined) {
      this.#failingSince = undefined;
      return sync;
    }
    this.#failingSince ??= Date.now();
    const isTold = isOffline(sync.error) || Date.now() - this.#failingSince >= PATIENCE_MS;
    return isTold ? sync : { ...sync, error: undefined };
  }

  async #checkContracts(): Promise<void> {
    const [chainId, codes] = await Promise.all([
      this.client.getChainId(),
      Promise.all(
        CONTRACT_NAMES.map(async (name) => ({
          name,
          code: await this.client.getCode({ address: this.contracts[name] }),
        })),
      ),
    ]);
    if (chainId !== this.network.chainId) throw new MissingContract(this.network, chainId);
    const missing = codes.find(({ code }) => code === undefined);
    if (missing !== undefined) throw new MissingContract(this.network, chainId, missing.name);
  }

  #change(change: Partial<StoreState>): void {
    this.#state = { ...this.#state, ...change, announced: this.#announced };
    this.#notifying ??= setTimeout(() => {
      this.#notifying = undefined;
      for (const listener of this.#listeners) listener();
    }, NOTIFY_MS);
  }
}
