import { EVENT_TABLES, quoted } from "./eventTables.ts";

/** A view that answers a question. */
export interface IndexView {
  readonly name: string;
  readonly purpose: string;
  readonly sql: string;
}

/** A block's or event's time as text in UTC. */
const timeOf = (table: string): string =>
  `(SELECT datetime(b.timestamp, 'unixepoch') FROM blocks b WHERE b.number = ${table}.blockNumber)`;
/** Operator of a node. */
const operatorOf = (node: string): string =>
  `(SELECT n.operator FROM NodeAdmitted n WHERE n.nodeId = ${node})`;
/** The last value that an event gave for a node. */
const latest = (table: string, column: string): string =>
  `(SELECT e.${column} FROM ${table} e WHERE e.nodeId = a.nodeId ORDER BY e.blockNumber DESC, e.logIndex DESC LIMIT 1)`;
const contains = (array: string, value: string): string =>
  `EXISTS (SELECT 1 FROM json_each(${array}) WHERE value = ${value})`;
const ZERO_DIGEST = `'0x${"00".repeat(32)}'`;

/** Decimal digits of one limb: sums of a million limbs still fit an INTEGER. */
const LIMB = 12;
const LIMB_BASE = `1${"0".repeat(LIMB)}`;

/**
 * Exact sum of a column of decimal text (SQLite's sum would round beyond 2^63), in four limbs of twelve digits: amounts
 * of 128 bits and, in all, 2^63 times as much.
 */
function exactSum(column: string): string {
  const limb = (index: number): string =>
    `sum(CAST(substr(printf('%48s', ${column}), ${1 + LIMB * index}, ${LIMB}) AS INTEGER))`;
  const carried = [3, 2, 1].reduce<{ readonly digits: string; readonly carry: string }>(
    ({ digits, carry }, index) => ({
      digits: `printf('%0${LIMB}d', (${limb(index)}${carry}) % ${LIMB_BASE})${digits && ` || ${digits}`}`,
      carry: ` + (${limb(index)}${carry}) / ${LIMB_BASE}`,
    }),
    { digits: "", carry: "" },
  );
  return `coalesce(nullif(ltrim((${limb(0)}${carried.carry}) || ${carried.digits}, '0'), ''), '0')`;
}

/** Every place where a transaction or an event names an address. */
function namedAddresses(): string {
  const transactions = ["sender", "recipient"].map(
    (role) => `SELECT ${role} AS address, '${role}' AS role, hash AS transactionHash FROM transactions`,
  );
  const events = EVENT_TABLES.flatMap(({ name, columns }) =>
    columns
      .filter((column) => column.meaning === "address")
      .map(
        (column) => `SELECT ${quoted(column.name)}, '${name}.${column.name}', transactionHash FROM ${name}`,
      ),
  );
  return [...transactions, ...events].join("\nUNION ALL ");
}

/** Views in the order in which they build on each other. */
export const VIEWS: readonly IndexView[] = [
  {
    name: "nodes",
    purpose: "every node ever admitted, with its present signer and endpoints",
    sql: `SELECT a.nodeId, a.operator,
  coalesce(${latest("SignerChanged", "signer")}, a.signer) AS signer,
  coalesce(${latest("EndpointsChanged", "endpoints")}, a.endpoints) AS endpoints,
  r.nodeId IS NULL AS isMember, ${timeOf("a")} AS admitted, ${timeOf("r")} AS removed
FROM NodeAdmitted a LEFT JOIN NodeRemoved r ON r.nodeId = a.nodeId`,
  },
  {
    name: "tasks",
    purpose: "every task: who published it, how far it came, why it ended",
    sql: `SELECT p.taskId, p.publisher,
  CASE WHEN e.taskId IS NOT NULL THEN e.state WHEN c.taskId IS NOT NULL THEN 'Cancelled'
    WHEN s.taskId IS NOT NULL THEN 'Running' ELSE 'Open' END AS state,
  e.reason AS endReason,
  (SELECT count(*) FROM RoundFinalised f WHERE f.taskId = p.taskId) AS roundsPlayed, p.terms_rounds AS rounds,
  p.terms_strategy AS strategy, p.terms_aggregationRule AS aggregationRule,
  p.escrow, p.terms_rewardToken AS rewardToken,
  ${timeOf("p")} AS published, ${timeOf("s")} AS started, coalesce(${timeOf("e")}, ${timeOf("c")}) AS ended
FROM TaskPublished p LEFT JOIN TaskStarted s ON s.taskId = p.taskId LEFT JOIN TaskEnded e ON e.taskId = p.taskId
  LEFT JOIN TaskCancelled c ON c.taskId = p.taskId`,
  },
  {
    name: "members",
    purpose: "which node is which member of a task; a bitmap of a task names members",
    sql: `SELECT m.taskId, m.memberId, m.nodeId, ${operatorOf("m.nodeId")} AS operator, min(m.blockNumber) AS sinceBlock
FROM MemberJoined m GROUP BY m.taskId, m.memberId, m.nodeId`,
  },
  {
    name: "leaders",
    purpose: "who led which round: the elected leader (rank 0) and who proposed the aggregate that counted",
    sql: `SELECT a.taskId, a.round, a.retry, a.attempt, json_extract(a.committee, '$[0]') AS leaderNodeId,
  json_extract(a.committee, '$[' || a.proposerRank || ']') AS proposerNodeId, a.proposerRank,
  ${operatorOf("json_extract(a.committee, '$[' || a.proposerRank || ']')")} AS proposerOperator,
  a.committee, json_array_length(a.attestations) AS attestations, a.digest,
  a.digest = ${ZERO_DIGEST} AS voids, ${timeOf("a")} AS time, a.transactionHash
FROM AggregateAccepted a`,
  },
  {
    name: "verdicts",
    purpose: "every update that was posted, and what became of it",
    sql: `SELECT u.taskId, u.round, u.retry, u.memberId, u.nodeId, u.samples, u.digest,
  CASE WHEN a.taskId IS NULL OR a.digest = ${ZERO_DIGEST} THEN 'no aggregate'
    WHEN ${contains("a.accepted", "u.memberId")} THEN 'accepted'
    WHEN ${contains("a.rejected", "u.memberId")} THEN 'rejected' ELSE 'left out' END AS verdict,
  coalesce(a.blockNumber, u.blockNumber) AS blockNumber, coalesce(a.transactionHash, u.transactionHash) AS transactionHash
FROM UpdateAccepted u LEFT JOIN AggregateAccepted a ON a.taskId = u.taskId AND a.round = u.round AND a.retry = u.retry`,
  },
  {
    name: "rejections",
    purpose: "who was rejected, what of theirs, and why as far as the chain says",
    sql: `SELECT v.taskId, v.round, v.retry, v.nodeId, ${operatorOf("v.nodeId")} AS operator, 'update ' || v.verdict AS what,
  CASE WHEN v.verdict = 'left out' THEN 'not available to the committee before fetching closed'
    WHEN p.terms_aggregationRule IN ('Krum', 'MultiKrum') THEN 'malformed, or among the worst scores of ' || p.terms_aggregationRule
    ELSE 'malformed: wrong format, shape, values, base or signature' END AS reason,
  ${timeOf("v")} AS time, v.transactionHash
FROM verdicts v JOIN TaskPublished p ON p.taskId = v.taskId WHERE v.verdict IN ('rejected', 'left out')
UNION ALL
SELECT s.taskId, s.round, NULL, s.nodeId, ${operatorOf("s.nodeId")}, 'result skipped', s.reason, ${timeOf("s")}, s.transactionHash
FROM ResultSkipped s
UNION ALL
SELECT j.taskId, NULL, NULL, j.nodeId, ${operatorOf("j.nodeId")}, 'joining dropped',
  'no longer registered or staked, or no place was left', ${timeOf("j")}, j.transactionHash
FROM JoinDropped j
UNION ALL
SELECT NULL, NULL, NULL, nullif(c.nodeId, 0), c.operator, lower(c.kind) || ' refused', 'a majority became impossible', ${timeOf("x")}, x.transactionHash
FROM ProposalClosed x JOIN ProposalCreated c ON c.proposalId = x.proposalId WHERE x.state = 'Rejected'`,
  },
  {
    name: "alphas",
    purpose:
      "which alpha each round of a task chose, from how many reports, with the mean score of the choice",
    sql: `SELECT f.taskId, f.round, f.retry, f.origin, f.alphaBps, f.alphaBps / 10000.0 AS alpha, f.negotiationIndex, f.reports,
  CASE WHEN f.negotiationIndex > 0 THEN json_extract(f.sums, '$[' || (f.negotiationIndex - 1) || ']') * 1.0 / f.reports END AS meanScore,
  p.terms_strategy AS strategy, f.aggregate, ${timeOf("f")} AS time, f.transactionHash
FROM RoundFinalised f JOIN TaskPublished p ON p.taskId = f.taskId`,
  },
  {
    name: "scores",
    purpose: "the accuracy tables: each node's score for each candidate alpha",
    sql: `SELECT r.taskId, r.round, r.retry, r.nodeId, s.key + 1 AS step,
  p.terms_alphaLowerBps + (s.key + (p.terms_alphaGrid = 'IncludeUpper')) * (p.terms_alphaUpperBps - p.terms_alphaLowerBps)
    / p.terms_negotiationSteps AS alphaBps,
  s.value AS score, coalesce(s.key + 1 = f.negotiationIndex, 0) AS isChosen
FROM ReportAccepted r JOIN TaskPublished p ON p.taskId = r.taskId JOIN json_each(r.scores) s ON s.key < p.terms_negotiationSteps
  LEFT JOIN RoundFinalised f ON f.taskId = r.taskId AND f.round = r.round AND f.retry = r.retry`,
  },
  {
    name: "earnings",
    purpose:
      "what each node earned in each task: earned by the rounds recorded, of this settled, of this claimed; amounts exact",
    sql: `SELECT m.taskId, m.nodeId, m.memberId, m.operator,
  (SELECT count(*) FROM rewards r WHERE r.taskId = m.taskId AND r.memberId = m.memberId AND r.outcome = 'accepted') AS acceptedRounds,
  coalesce((SELECT r.reputationAfter FROM rewards r WHERE r.taskId = m.taskId AND r.memberId = m.memberId ORDER BY r.round DESC LIMIT 1),
    p.terms_reputationInitial) AS reputation,
  coalesce((SELECT r.earned FROM rewards r WHERE r.taskId = m.taskId AND r.memberId = m.memberId ORDER BY r.round DESC LIMIT 1), '0') AS earned,
  coalesce((SELECT ${exactSum("s.reward")} FROM Settled s WHERE s.taskId = m.taskId AND s.memberId = m.memberId), '0') AS settled,
  coalesce((SELECT ${exactSum("c.amount")} FROM Claimed c WHERE c.taskId = m.taskId AND c.memberId = m.memberId), '0') AS claimed,
  p.terms_rewardToken AS token
FROM members m JOIN TaskPublished p ON p.taskId = m.taskId`,
  },
  {
    name: "address_transactions",
    purpose:
      "every transaction of the index that an address sent, received, or is named by in an event; filter by address",
    sql: `SELECT a.address, a.role, t.blockNumber, datetime(b.timestamp, 'unixepoch') AS time, t.contract, t.method, t.status, t.error,
  t.gasUsed, t.feeWei, t.hash AS transactionHash
FROM (${namedAddresses()}) a JOIN transactions t ON t.hash = a.transactionHash JOIN blocks b ON b.number = t.blockNumber`,
  },
  {
    name: "gas",
    purpose: "what the transactions of each method cost, failed ones included where the index has them",
    sql: `SELECT contract, method, count(*) AS transactions, sum(status = 0) AS failed, min(gasUsed) AS leastGas, CAST(avg(gasUsed) AS INTEGER) AS meanGas, max(gasUsed) AS mostGas
FROM transactions GROUP BY contract, method`,
  },
];
