import type { DatabaseSync } from "node:sqlite";
import { bitmapHas } from "@concordat/protocol/rules/bitmap";
import type { Bitmap } from "@concordat/protocol/rules/bitmap";
import type { Outcome } from "@concordat/protocol/rules/reputationRule";
import { settleRound } from "@concordat/protocol/rules/rewardSchedule";
import type { IndexedEvent } from "./readRange.ts";

/** What each member's account came to in each recorded round, by the rules in protocol/. */
export const REWARDS_SQL = `CREATE TABLE rewards (
  blockNumber INTEGER NOT NULL, logIndex INTEGER NOT NULL, taskId INTEGER NOT NULL, round INTEGER NOT NULL,
  memberId INTEGER NOT NULL, nodeId INTEGER NOT NULL, outcome TEXT NOT NULL, reputation INTEGER NOT NULL,
  reputationAfter INTEGER NOT NULL, reward TEXT NOT NULL, earned TEXT NOT NULL, PRIMARY KEY (taskId, memberId, round)
) WITHOUT ROWID;
CREATE INDEX rewards_block ON rewards (blockNumber);`;

interface TermsRow {
  readonly terms_reputationInitial: number;
  readonly terms_reputationMax: number;
  readonly terms_strictReputation: number;
  readonly terms_rewardUnit: string;
}

interface MemberRow {
  readonly memberId: number;
  readonly nodeId: number;
  /** Null where no round of the task was recorded since the member joined. */
  readonly reputationAfter: number | null;
  readonly earned: string | null;
}

/**
 * Writes the accounts of a task's members after the round that an event RoundRecorded tells of: the members' settlement,
 * which the contract does only when somebody asks for it.
 */
export function rewardWriter(database: DatabaseSync): (event: IndexedEvent) => void {
  const terms = database.prepare(
    `SELECT terms_reputationInitial, terms_reputationMax, terms_strictReputation, terms_rewardUnit
     FROM TaskPublished WHERE taskId = ?`,
  );
  const members = database.prepare(
    `SELECT m.memberId, m.nodeId, r.reputationAfter, r.earned
     FROM (SELECT DISTINCT memberId, nodeId FROM MemberJoined WHERE taskId = :taskId) m
     LEFT JOIN rewards r ON r.taskId = :taskId AND r.memberId = m.memberId AND r.round = :round - 1`,
  );
  const insert = database.prepare("INSERT INTO rewards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return ({ args, log }) => {
    const taskId = args["taskId"] as bigint;
    const round = args["round"] as bigint;
    const row = terms.get(taskId) as unknown as TermsRow;
    const initial = row.terms_reputationInitial;
    const rule = {
      reputationInitial: initial,
      reputationMax: row.terms_reputationMax,
      strictReputation: row.terms_strictReputation === 1,
      rewardUnit: BigInt(row.terms_rewardUnit),
    };
    for (const member of members.all({ taskId, round }) as unknown as MemberRow[]) {
      const before = { reputation: member.reputationAfter ?? initial, earned: BigInt(member.earned ?? 0) };
      const outcome = outcomeOf(args["accepted"] as Bitmap, args["lowered"] as Bitmap, member.memberId);
      const after = settleRound(before, outcome, rule);
      insert.run(
        log.blockNumber,
        log.logIndex,
        taskId,
        round,
        member.memberId,
        member.nodeId,
        outcome,
        before.reputation,
        after.reputation,
        String(after.earned - before.earned),
        String(after.earned),
      );
    }
  };
}

function outcomeOf(accepted: Bitmap, lowered: Bitmap, memberId: number): Outcome {
  if (bitmapHas(accepted, memberId)) return "accepted";
  return bitmapHas(lowered, memberId) ? "lowered" : "neutral";
}
