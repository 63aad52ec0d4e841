import { setTimeout as sleep } from "node:timers/promises";
import {
  nodeRegistryAbi,
  rewardLedgerAbi,
  roundCoordinatorAbi,
  stakeVaultAbi,
  taskRegistryAbi,
} from "../../../protocol/abis.ts";
import { bindContracts } from "../chain/chainAccess.ts";
import type { Contracts } from "../chain/chainAccess.ts";
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
  /** Nodes whose endpoints stand in the registry: they are up. */
  readonly announced = new Set<number>();
  /** Where each node serves its artifacts. */
  readonly endpoints = new Map<number, string>();
  history: RoundHistory | undefined;
  committee: readonly number[] = [];
  blockNumber = 0;
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
    this.#follower = new BlockFollower(
      provider,
      [
        { name: "NodeRegistry", address: contracts.NodeRegistry, abi: nodeRegistryAbi },
        { name: "TaskRegistry", address: contracts.TaskRegistry, abi: taskRegistryAbi },
        { name: "StakeVault", address: contracts.StakeVault, abi: stakeVaultAbi },
        { name: "RewardLedger", address: contracts.RewardLedger, abi: rewardLedgerAbi },
        { name: "RoundCoordinator", address: contracts.RoundCoordinator, abi: roundCoordinatorAbi },
        { name: "Token", address: token, abi: TOKEN_ABI },
      ],
      book.deploymentBlock,
    );
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
    this.history = new RoundHistory(taskId);
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
        for (const { name, args } of block.events) {
          if (name !== "EndpointsChanged") continue;
          this.announced.add(Number(args["nodeId"]));
          this.endpoints.set(Number(args["nodeId"]), String(args["endpoints"]));
        }
        for (const line of this.history?.apply(block) ?? []) this.#onEvent(line);
      }
      await this.#readCommittee();
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const wake of waiting) wake();
      await sleep(BLOCK_MS / 2, undefined, { signal });
    }
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
