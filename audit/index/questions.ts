/** A question that auditors ask, with the SQL that answers it. */
export interface ExampleQuestion {
  readonly title: string;
  readonly sql: string;
}

/** All transactions of an address, which takes the place of the parameter. */
export const ADDRESS_QUESTION = `SELECT blockNumber, time, contract, method, group_concat(DISTINCT role) AS roles, status, error, gasUsed, transactionHash
FROM address_transactions WHERE address = :address GROUP BY transactionHash ORDER BY blockNumber`;

/** All transactions of this address as a question without parameters. */
export function addressQuestion(address: string): string {
  return ADDRESS_QUESTION.replace(":address", `'${address}'`);
}

/** The examples of the page and of docs/audit-index.md. */
export const EXAMPLE_QUESTIONS: readonly ExampleQuestion[] = [
  {
    title: "Who led which rounds?",
    sql: `SELECT taskId, round, retry, attempt, leaderNodeId, proposerNodeId, proposerOperator, attestations, time
FROM leaders ORDER BY taskId, round, retry`,
  },
  {
    title: "Who led most often?",
    sql: `SELECT proposerNodeId AS nodeId, count(*) AS rounds FROM leaders WHERE NOT voids GROUP BY 1 ORDER BY 2 DESC`,
  },
  {
    title: "Who let their turn to lead pass?",
    sql: `SELECT taskId, round, attempt, "rank", nodeId FROM DutyMissed ORDER BY blockNumber, logIndex`,
  },
  {
    title: "Who was rejected, and why?",
    sql: `SELECT taskId, round, retry, nodeId, what, reason, time FROM rejections ORDER BY time`,
  },
  {
    title: "What did each node earn?",
    sql: `SELECT taskId, nodeId, operator, acceptedRounds, reputation, earned, settled, claimed, token
FROM earnings ORDER BY taskId, nodeId`,
  },
  {
    title: "How did reputation and reward move, round by round?",
    sql: `SELECT taskId, round, nodeId, outcome, reputation, reputationAfter, reward, earned
FROM rewards ORDER BY taskId, nodeId, round`,
  },
  {
    title: "Which alpha did each task choose?",
    sql: `SELECT taskId, round, origin, alpha, reports, meanScore, strategy, time FROM alphas ORDER BY taskId, round`,
  },
  {
    title: "The accuracy table of a round",
    sql: `SELECT nodeId, step, alphaBps, score, isChosen FROM scores WHERE taskId = 1 AND round = 1 ORDER BY nodeId, step`,
  },
  {
    title: "All transactions of an address (here: of the operator of node 1)",
    sql: ADDRESS_QUESTION.replace(":address", "(SELECT operator FROM nodes WHERE nodeId = 1)"),
  },
  {
    title: "Which transactions failed, and why? (in an index with --transactions)",
    sql: `SELECT time, address AS sender, contract, method, error, gasUsed, transactionHash
FROM address_transactions WHERE role = 'sender' AND status = 0 ORDER BY blockNumber`,
  },
  {
    title: "What did each kind of transaction cost?",
    sql: `SELECT * FROM gas ORDER BY transactions DESC`,
  },
  {
    title: "How did each task end?",
    sql: `SELECT taskId, publisher, state, endReason, roundsPlayed, rounds, published, ended FROM tasks ORDER BY taskId`,
  },
  {
    title: "How did members vote?",
    sql: `SELECT v.proposalId, p.kind, p.nodeId, v.voterNodeId, v.approve
FROM Voted v JOIN ProposalCreated p USING (proposalId) ORDER BY v.blockNumber, v.logIndex`,
  },
];
