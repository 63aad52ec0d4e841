import type { MessageRoute } from "@concordat/store/gateway/gatewayServer";
import {
  AGGREGATION_PATH,
  aggregationRequest,
  type AggregationRequest,
  type AggregationResponse,
} from "./aggregationMessages.ts";

/** What answers for one attempt in which this node is in the committee. */
export interface AttemptMember {
  readonly key: string;
  answer(request: AggregationRequest): Promise<AggregationResponse>;
}

/** Milliseconds that a question waits for this node to reach the attempt that it is about. */
const WAIT_MS = 5000;

/** The attempt that a message or session belongs to, as one string. */
export function attemptKey(of: {
  taskId: number;
  round: number;
  retry: number;
  attempt: number;
  base: string;
}): string {
  return [of.taskId, of.round, of.retry, of.attempt, of.base].join("/");
}

/** The attempts that this node is busy with, and the route by which others ask about them. */
export class AggregationSessions {
  readonly #sessions = new Map<string, AttemptMember>();
  readonly #waiting = new Set<() => void>();

  readonly route: MessageRoute = {
    path: AGGREGATION_PATH,
    answer: async (message) => {
      const parsed = aggregationRequest.safeParse(message);
      return parsed.success ? this.#answer(parsed.data) : undefined;
    },
  };

  add(session: AttemptMember): void {
    this.#sessions.set(session.key, session);
    this.#waiting.forEach((wake) => wake());
  }

  remove(session: AttemptMember): void {
    // A step that was left behind must not remove the session of the one that began again.
    if (this.#sessions.get(session.key) === session) this.#sessions.delete(session.key);
  }

  async #answer(request: AggregationRequest): Promise<AggregationResponse> {
    const key = attemptKey(request);
    const deadline = performance.now() + WAIT_MS;
    while (!this.#sessions.has(key) && performance.now() < deadline)
      await this.#change(deadline - performance.now());
    return (await this.#sessions.get(key)?.answer(request)) ?? { kind: "later" };
  }

  async #change(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, withinMs);
      this.#waiting.add(wake);
    });
  }
}
