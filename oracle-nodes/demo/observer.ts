import { setTimeout as sleep } from "node:timers/promises";
import type { ConcordatEvent } from "@concordat/protocol/events/concordatEvent";
import { ABIS, CONTRACT_NAMES } from "@concordat/protocol/events/contracts";
import { applyEvent } from "@concordat/protocol/history/applyEvent";
import { emptyFederation } from "@concordat/protocol/history/federationState";
import { bindContracts } from "@concordat/chain/contracts/chainAccess";
import type { Contracts } from "@concordat/chain/contracts/chainAccess";
import { BlockFollower } from "./blockFollower.ts";
import { BLOCK_MS } from "./embeddedChain.ts";
import type { Federation } from "./federation.ts";
import { GasLedger } from "./gasLedger.ts";
import { RoundHistory } from "./roundHistory.ts";

const TOKEN_ABI = [
  "function approve(address spender, uint256 amount) returns (bool)",
  "function mint(address to, uint256 amount)",
];

/** Watches the demonstration's chain: what happens in the task, who is in the committee, what it costs. */
export class Observer {
  readonly gas = new GasLedger();
  /** Where each node that is up serves its artifacts: it announced that in the registry. */
  readonly endpoints = new Map<number, string>();
  history: RoundHistory | undefined;
  committee: readonly number[] = [];
  blockNumber = 0;
  readonly #federation = emptyFederation();
  readonly #contracts: Contracts;
  readonly #follower: BlockFollower;
  readonly #onEvent: (line: string) => void;
  readonly #stopping = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  readonly #waiting = new Set<() => void>();
  readonly #loop: Promise<void>;
  #committeeKey = "";
  #timestamp = 0;
  #timestampAt = 0;

  constructor({ provider, book, token }: Federation, onEvent: (line: string) => void) {
    const { contracts } = book;
    this.#contracts = bindContracts(book, provider);
    this.#follower = new BlockFollower(provider, book, [
      ...CONTRACT_NAMES.map((name) => ({ name, address: contracts[name], abi: ABIS[name] })),
      { name: "Token", address: token, abi: TOKEN_ABI },
    ]);
    this.#onEvent = onEvent;
    this.#failure.promise.catch(() => undefined);
    this.#loop = this.#follow().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#failure.reject(error);
    });
  }

  /** Rejects when the chain cannot be read any more. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** The chain's time in unix seconds. */
  now(): number {
    return this.#timestamp + Math.floor((performance.now() - this.#timestampAt) / 1000);
  }

  /** Starts to tell the story of a task. */
  follow(taskId: number): void {
    this.history = new RoundHistory(this.#federation, taskId);
  }

  /** Resolves once the condition holds after a block. */
  async until(condition: (observer: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Resolves once everything that is in a block by now was taken in. */
  async settled(): Promise<void> {
    const target = this.blockNumber + 1;
    await this.until(({ blockNumber }) => blockNumber >= target);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for await (const block of this.#follower.blocks()) {
        signal.throwIfAborted();
        this.blockNumber = block.number;
        this.#timestamp = block.timestamp;
        this.#timestampAt = performance.now();
        for (const call of block.calls) this.gas.add(call);
        this.history?.book(block.calls);
        for (const event of block.events) this.#take(event);
      }
      await this.#readCommittee();
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const wake of waiting) wake();
      await sleep(BLOCK_MS / 2, undefined, { signal });
    }
  }

  #take(event: ConcordatEvent): void {
    applyEvent(this.#federation, event);
    if (event.name === "EndpointsChanged") this.endpoints.set(event.args.nodeId, event.args.endpoints);
    const line = this.history?.tell(event);
    if (line !== undefined) this.#onEvent(line);
  }

  /** Asks for the committee once an attempt, as soon as the election's seed is known. */
  async #readCommittee(): Promise<void> {
    const current = this.history?.current;
    if (this.history === undefined || current?.seed === undefined) return;
    const key = `${current.round}/${current.retry}/${current.attempt}`;
    if (key === this.#committeeKey) return;
    try {
      const [nodeIds] = await this.#contracts.roundCoordinator.committeeOf(this.history.taskId);
      this.committee = nodeIds.map(Number);
      this.#committeeKey = key;
    } catch {
      // Between two attempts nobody is elected yet: asked again at the next block.
    }
  }
}
