import { ArtifactError } from "@concordat/protocol/errors";
import type { Digest } from "@concordat/protocol/ids";
import type { ServedTask } from "../tasks/servedTask.ts";
import { problemOf } from "../status/problemOf.ts";
import type { Services } from "../services.ts";

/** Milliseconds for one artifact. */
const FETCH_TIMEOUT_MS = 20_000;

/**
 * Fetches back what the node's store should hold of a task and does not: the updates that the node has signed, which others
 * fetched from it. Auditors ask for them, and a node that lost its disk has them again this way. The models that it needs
 * are fetched when it needs them. Says what was lost, what came back, and what nobody has; ends by the signal.
 */
export async function restoreArtifacts(
  services: Services,
  task: ServedTask,
  signal: AbortSignal,
): Promise<void> {
  const { store, chain, peers, config } = services;
  const { taskId, logger, maxUpdateBytes: maxBytes } = task;
  try {
    const { round: now } = await chain.roundOf(taskId);
    const oldest = config.keepRounds === undefined ? 1 : now - config.keepRounds + 1;
    const lost = new Map<Digest, number>();
    // The update of the present round is not given away yet, so nobody can have it.
    for (const { value } of await task.signed.updates()) {
      const [round, digest] = [Number(value.round), value.digest as Digest];
      if (round >= Math.max(1, oldest) && round < now && !(await store.has(digest))) lost.set(digest, round);
    }
    if (lost.size === 0) return;
    logger.warn(
      { updates: lost.size, rounds: [...new Set(lost.values())] },
      "updates of this node are lost here",
    );
    const providers = async (): Promise<string[]> => peers.providers(await peers.membersOf(taskId));
    let restored = 0;
    for (const [digest, round] of lost) {
      signal.throwIfAborted();
      try {
        await store.get(digest, { maxBytes, timeoutMs: FETCH_TIMEOUT_MS, providers, signal });
        restored++;
        logger.info({ round, digest }, "an update of this node is back: others had it");
      } catch (error) {
        if (!(error instanceof ArtifactError)) throw error;
        logger.warn(
          { round, digest, problem: error.message },
          "an update of this node is lost: nobody serves it",
        );
      }
    }
    logger.info({ restored, lost: lost.size - restored }, "finished looking for lost updates");
  } catch (error) {
    if (!signal.aborted) logger.warn({ problem: problemOf(error) }, "lost artifacts cannot be looked for");
  }
}
