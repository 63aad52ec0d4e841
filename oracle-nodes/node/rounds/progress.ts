import type { NodeStatus } from "../status/nodeStatus.ts";

/** Milliseconds without progress after which a node is said to make none: its endpoint is asked every few seconds. */
const STILL_MS = 60_000;
/** Milliseconds without any writing after which a process hangs or was killed: it writes every five seconds. */
const SILENT_MS = 30_000;

/**
 * Whether a node makes progress, by what it wrote: "progress"; "still", it runs and nothing goes on; "silent", it has
 * stopped writing without having stopped in order; "stopped" in order.
 */
export interface Progress {
  readonly state: "progress" | "still" | "silent" | "stopped";
  /** Milliseconds since the last progress, or since it stopped. */
  readonly ms: number;
  /** What is known of the reason, for people. */
  readonly because?: string;
}

/** Judges a node by its status file. That a process of some number exists says nothing, so it is not asked. */
export function progressOf(
  status: Pick<NodeStatus, "progressAt" | "updatedAt" | "stoppedAt" | "heartbeat">,
  now = Date.now(),
): Progress {
  const { progressAt, updatedAt, stoppedAt, heartbeat } = status;
  if (stoppedAt !== undefined) return { state: "stopped", ms: since(stoppedAt, now) };
  const ms = since(progressAt, now);
  if (since(updatedAt, now) > SILENT_MS) {
    return { state: "silent", ms, because: "it gives no sign of life: it hangs, or was killed" };
  }
  if (ms <= STILL_MS) return { state: "progress", ms };
  const failing = heartbeat?.chainEndpoints.filter(({ isAnswering }) => !isAnswering) ?? [];
  const words = failing.map(({ name, problem = "does not answer" }) => `${name} ${problem}`);
  return { state: "still", ms, ...(words.length > 0 && { because: words.join("; ") }) };
}

function since(time: string, now: number): number {
  return Math.max(0, now - Date.parse(time));
}
