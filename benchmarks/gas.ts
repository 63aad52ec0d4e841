/**
 * Gas of every action of a task at K = 10, 100 and 1000 nodes, R = 10, against the budgets of the design. Slots are warm in
 * the second round, which is measured; the first round of a task is listed apart, since it writes fresh slots.
 *
 *     hardhat run benchmarks/gas.ts    writes benchmarks/results/gas.{json,md}
 */
import { mkdirSync, writeFileSync } from "node:fs";
import type { ContractTransactionResponse } from "ethers";
import { network } from "hardhat";
import { ElectionMode } from "#protocol/contracts/enums";
import { bps } from "#protocol/ids";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import type { Federation, ProposalFields, TestNode } from "../test/contracts/federation.ts";
import { deployFederation, wideNetwork } from "../test/contracts/federation.ts";

const SIZES = [10, 100, 1000];
const BATCH = 32;
/** Scores as they look on CIFAR-10: no zero bytes that would make calldata cheap. */
const SCORES = Array.from({ length: 10 }, (_, r) => 6017 + 31 * r);

/** Terms under which a finalisation does most. */
const WORST_CASE: Partial<TaskTerms> = {
  electionMode: ElectionMode.ModelHashMixed,
  gammaBps: bps(2500),
  quorumBps: bps(5000),
  rounds: 10,
  negotiationSteps: 10,
  penaliseSilent: true,
  penaliseUnavailable: true,
};

/** Why a budget does not hold where it does not. */
const NOTES = [
  "Where a budget does not hold:",
  "",
  "- An update in round 1 writes the node's seat (member id and signer) for the first time: 17,100 more than later, once a",
  "  node and task. The seat saves 11,000 in the report and 4,500 in each attestation of every round.",
  "- At K = 1000 the bitmaps of accepted and lowered members have four words each. Recording eight fresh words costs 8 x 22,100",
  "  = 176,800, reading them 16,800, the transaction 21,000: the least for a finalisation that lowers members in every word is",
  "  about 290,000 with its sums, events and clock. Each word without lowered members costs 19,900 less. Nothing else grows with K.",
  "- A signature costs 12,900 and a seat of the committee 2,800 (its node id, for the event), signed or not: the budget counts the",
  "  signatures only, of which a committee of c needs two thirds. A proposal at K = 1000 also stores and checks twelve words of",
  "  bitmaps where one of ten nodes has three: 25,000 more. All of it is paid once a round, below 900 gas a node at K = 1000.",
];

interface Row {
  readonly nodes: number;
  readonly action: string;
  readonly gas: number;
  /** Gas allowed by the design, where it names any. */
  readonly budget?: number;
}

const rows: Row[] = [];
for (const nodes of SIZES) rows.push(...(await measure(nodes)));
write(rows);

async function measure(nodes: number): Promise<Row[]> {
  const connection = await network.create(wideNetwork);
  const federation = await deployFederation(connection, { nodes });
  const measured: Row[] = [];
  const record = async (
    action: string,
    sent: Promise<ContractTransactionResponse>,
    budget?: number,
    divisor = 1,
  ): Promise<number> => {
    const receipt = await (await sent).wait();
    if (receipt === null) throw new Error(`${action} was not mined`);
    const gas = Math.ceil(Number(receipt.gasUsed) / divisor);
    measured.push({ nodes, action, gas, ...(budget === undefined ? {} : { budget }) });
    console.log(`K = ${nodes}: ${action}: ${gas}`);
    return gas;
  };

  await measureMembership(federation, record);
  await measureRounds(federation, record);
  await measureProposals(federation, record);
  await measureRewards(federation, record);
  await connection.close();
  return measured;
}

type Record = (
  action: string,
  sent: Promise<ContractTransactionResponse>,
  budget?: number,
  divisor?: number,
) => Promise<number>;

/** Publication, admission, joining, and the start. */
async function measureMembership(federation: Federation, record: Record): Promise<void> {
  const { nodeRegistry, taskRegistry, coordinator } = federation.contracts;
  const [first, second, third] = federation.nodes;
  if (first === undefined || second === undefined || third === undefined) throw new Error("Too few nodes");
  await record("publish a task", federation.publishTransaction(WORST_CASE));
  await record("propose a removal", nodeRegistry.connect(first.operator).proposeRemoval(third.nodeId));
  await record("vote", nodeRegistry.connect(second.operator).vote(1, false));
  const last = federation.nodes.at(-1) ?? first;
  await federation.join(...federation.nodes.slice(0, -1));
  await record(
    "join a task before its start",
    taskRegistry.connect(last.operator).joinTask(federation.taskId, last.nodeId),
  );
  await record("start", coordinator.start(federation.taskId));
}

/** Round 1 with fresh slots, round 2 as all later ones. Each leaves one node silent, so that `advance` finalises. */
async function measureRounds(federation: Federation, record: Record): Promise<void> {
  for (const round of ["round 1: ", ""]) {
    const budget = (gas: number) => (round === "" ? gas : undefined);
    const [first, second, third, ...others] = await federation.activeNodes();
    if (first === undefined || second === undefined || third === undefined) throw new Error("Too few nodes");
    const rest = others.slice(0, -1);
    const update = async (...nodes: TestNode[]) =>
      federation.submitUpdates(await Promise.all(nodes.map((node) => federation.update(node))));
    await record(`${round}update, first of the phase`, update(first));
    await record(`${round}update that seals the seed`, update(second));
    await record(`${round}update, alone`, update(third), budget(75_000));
    await batch(`${round}update, in a batch of ${BATCH}, each`, rest, update, record, budget(35_000));
    await federation.passDeadline();
    await record(`${round}advance from Training`, federation.advance());
    const { threshold } = await federation.committee();
    await record(
      `${round}proposal with ${threshold} signatures`,
      federation.aggregate(),
      budget(100_000 + 12_000 * threshold),
    );

    const report = async (...nodes: TestNode[]) =>
      federation.submitReports(
        await Promise.all(
          nodes.map((node) =>
            federation.report(
              node,
              SCORES.map((s) => s + node.nodeId),
            ),
          ),
        ),
      );
    await record(`${round}report, first of the phase`, report(first));
    await record(`${round}report, alone`, report(second), budget(80_000));
    await report(third);
    await batch(`${round}report, in a batch of ${BATCH}, each`, rest, report, record, budget(35_000));
    await federation.passDeadline();
    await record(`${round}finalise and open the next round`, federation.advance(), budget(250_000));
  }
}

/** A batch of 32 for its gas a result, then the others. */
async function batch(
  action: string,
  nodes: readonly TestNode[],
  submit: (...nodes: TestNode[]) => Promise<ContractTransactionResponse>,
  record: Record,
  budget: number | undefined,
): Promise<void> {
  if (nodes.length >= BATCH) await record(action, submit(...nodes.slice(0, BATCH)), budget, BATCH);
  for (let i = nodes.length >= BATCH ? BATCH : 0; i < nodes.length; i += 128) {
    await submit(...nodes.slice(i, i + 128));
  }
}

/** Proposals with few and many signatures, in a later attempt too, and what an attempt without one costs. */
async function measureProposals(federation: Federation, record: Record): Promise<void> {
  const { networkHelpers } = federation.connection;
  // Two calls: the second one seals the seed, so that no proposal pays for it.
  const [first, ...others] = await federation.activeNodes();
  if (first === undefined) throw new Error("No node is active");
  await federation.train([first]);
  await federation.awaitSeed();
  await federation.train(others);
  const propose = async (action: string, signatures: number, fields: ProposalFields) => {
    const snapshot = await networkHelpers.takeSnapshot();
    await record(action, federation.aggregate(fields), 100_000 + 12_000 * signatures);
    await snapshot.restore();
  };
  const { nodes } = await federation.committee();
  await propose(`proposal with all ${nodes.length} signatures`, nodes.length, {
    ranks: nodes.map((_, rank) => rank),
  });
  await federation.passDeadline();
  await record("advance to the next attempt", federation.advance());
  const { threshold } = await federation.committee();
  await propose(`proposal of attempt 1 with ${threshold} signatures`, threshold, {});
  // With every word of both bitmaps in use the finalisation writes most.
  const posted = await federation.posted();
  await federation.aggregate({
    accepted: posted.filter((memberId) => memberId % 10 !== 0),
    rejected: posted.filter((memberId) => memberId % 10 === 0),
  });
  await federation.negotiate(undefined, (await federation.activeNodes()).slice(0, -1));
  await federation.passDeadline();
  await record("finalise with rejected members everywhere", federation.advance(), 250_000);
}

/** Settling and claiming three rounds. */
async function measureRewards(federation: Federation, record: Record): Promise<void> {
  const { rewardLedger } = federation.contracts;
  const [first] = federation.nodes;
  if (first === undefined) throw new Error("Too few nodes");
  await record("settle one round", rewardLedger.settle(federation.taskId, 1, 1));
  await record("settle another round", rewardLedger.settle(federation.taskId, 1, 1));
  await record(
    "claim, settling one round",
    rewardLedger.connect(first.operator).claim(federation.taskId, 1, first.operator.address),
  );
}

function write(measured: readonly Row[]): void {
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const environment = { compiler: "0.8.37, optimizer 200 runs", evm: "cancun code", negotiationSteps: 10 };
  writeFileSync(
    new URL("gas.json", folder),
    JSON.stringify({ environment, measurements: measured }, undefined, 2) + "\n",
  );
  writeFileSync(new URL("gas.md", folder), table(measured));
}

function table(measured: readonly Row[]): string {
  const actions = [...new Set(measured.map((row) => row.action))];
  const lines = actions.map((action) => {
    const cells = SIZES.map((nodes) => measured.find((row) => row.nodes === nodes && row.action === action));
    const budget = cells.find((row) => row?.budget !== undefined)?.budget;
    const over = cells.some((row) => row?.budget !== undefined && row.gas > row.budget);
    const gas = cells.map((row) => row?.gas.toLocaleString("en") ?? "");
    return `| ${action} | ${gas.join(" | ")} | ${budget?.toLocaleString("en") ?? ""} | ${over ? "over" : ""} |`;
  });
  return [
    "# Gas of every action",
    "",
    "R = 10, whole transactions (21,000 each included), a batch's gas divided by its results. A budget is the design's; where",
    "none stands the row is measured for information. Again: `hardhat run benchmarks/gas.ts`.",
    "",
    `| action | ${SIZES.map((nodes) => `K = ${nodes}`).join(" | ")} | budget | |`,
    `| --- | ${SIZES.map(() => "---:").join(" | ")} | ---: | --- |`,
    ...lines,
    "",
    ...NOTES,
    "",
  ].join("\n");
}
