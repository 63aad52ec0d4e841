import type { Logger } from "pino";
import type { ChainGateway } from "@concordat/chain/contracts/chainGateway";
import type { AccountReader, Accounts } from "../setup/accounts.ts";
import type { StatusBoard } from "./nodeStatus.ts";
import { problemOf, SaidOnce } from "./problemOf.ts";

/** Milliseconds between two writings of the status. */
const BEAT_MS = 5000;
/** Milliseconds between two readings of the accounts. */
const ACCOUNTS_MS = 5 * 60_000;
/** Milliseconds before accounts that could not be read are read again. */
const ACCOUNTS_RETRY_MS = 60_000;

export interface HeartbeatParts {
  readonly chain: ChainGateway;
  readonly board: StatusBoard;
  readonly accounts: AccountReader;
  readonly logger: Logger;
  readonly beatMs?: number;
}

/**
 * Writes down, every few seconds, what shows whether the node makes progress: the newest block and when it came, the last
 * answer of the chain, the last change of a step, how the endpoints are, and what the accounts hold.
 */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  readonly #timer: NodeJS.Timeout;
  readonly #said = new SaidOnce();
  #head = { number: -1, hash: "", seenAt: "" };
  #accounts: Accounts | undefined;
  #readAccountsAt = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.beat(), parts.beatMs ?? BEAT_MS);
    this.#timer.unref();
    this.beat();
  }

  /** Writes what is known now. */
  beat(): void {
    const { chain, board } = this.#parts;
    const { head, silentMs } = chain.heads;
    if (head.hash !== this.#head.hash)
      this.#head = { number: head.number, hash: head.hash, seenAt: new Date().toISOString() };
    board.beat({
      head: {
        number: head.number,
        time: new Date(head.timestamp * 1000).toISOString(),
        seenAt: this.#head.seenAt,
      },
      chainAnsweredAt: ago(silentMs),
      chainEndpoints: chain.provider.health().map(({ name, isAnswering, problem, answeredAt }) => ({
        name,
        isAnswering,
        ...(problem !== undefined && { problem }),
        ...(answeredAt !== undefined && { answeredAt: ago(performance.now() - answeredAt) }),
      })),
      ...this.#accounts,
    });
    this.#readAccounts();
  }

  /** Stops, and resolves when nothing is under way any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
  }

  #readAccounts(): void {
    if (this.#reading !== undefined || performance.now() - this.#readAccountsAt < ACCOUNTS_MS) return;
    this.#readAccountsAt = performance.now();
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
  }

  async #read(): Promise<void> {
    const { accounts, logger } = this.#parts;
    try {
      this.#accounts = await accounts.read();
      this.#said.reset();
    } catch (error) {
      this.#readAccountsAt = performance.now() - ACCOUNTS_MS + ACCOUNTS_RETRY_MS;
      const problem = problemOf(error);
      logger[this.#said.isNew(problem) ? "warn" : "debug"](
        { problem },
        "the accounts' balances cannot be read yet",
      );
    }
  }
}

/** The time so many milliseconds ago. */
function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}
