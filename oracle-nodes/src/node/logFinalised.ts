import { Phase } from "../../../protocol/enums.ts";
import { alphaCandidates } from "../../../protocol/rules/alphaSelection.ts";
import { unpackScores } from "../../../protocol/rules/packedScores.ts";
import type { RoundView } from "../chain/roundView.ts";
import type { ServedTask } from "./openTask.ts";
import type { Services } from "./services.ts";

/**
 * Logs the round that was finalised between two looks at the chain, if one was: the attempt's leader (a node id), the
 * chosen alpha, this node's own score at it, and what it received and sent since the last one, as far as they can still be known.
 * Never throws: it only reports.
 */
export async function logFinalised(
  { chain }: Services,
  task: ServedTask,
  before: RoundView,
  now: RoundView,
): Promise<void> {
  const { taskId, terms, signed, received, sentBytes, logger } = task;
  if (before.phase === Phase.None) return;
  try {
    if (now.round === before.round) {
      if (now.phase !== Phase.Ended || before.phase === Phase.Ended) return;
      if ((await chain.taskStatus(taskId)).roundsPlayed !== now.round) return;
    }
    const { round, retry, base } = before;
    const committee = await chain.committeeOf(taskId, before.block).catch(() => undefined);
    const report = await signed.find("AccuracyReport", { round, retry, base });
    const scores = report && unpackScores(report.value.scores, terms.negotiationSteps);
    const ownScore = scores?.[alphaCandidates(terms).indexOf(now.alphaBps)];
    logger.info(
      {
        round,
        leader: committee?.nodeIds[0],
        alphaBps: now.alphaBps,
        ownScore,
        receivedBytes: received.take(),
        sentBytes: sentBytes(),
      },
      "round finalised",
    );
  } catch (error) {
    logger.debug({ error: String(error) }, "a finalised round could not be reported");
  }
}
