import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { epsilonOf } from "./accountant.ts";

/** What the thread of accountantThread.ts is asked. */
export type EpsilonQuestion = Parameters<typeof epsilonOf>;

/** {@link epsilonOf} in a thread of its own: composing takes hundreds of milliseconds, in which a node answers others. */
export async function epsilonAside(...question: EpsilonQuestion): Promise<number> {
  const thread = new Worker(new URL("accountantThread.ts", import.meta.url), { workerData: question });
  // Rejects with the thread's error.
  const [epsilon] = (await once(thread, "message")) as [number];
  return epsilon;
}
