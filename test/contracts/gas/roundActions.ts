import { ZeroHash } from "ethers";
import { ElectionMode } from "#protocol/contracts/enums";
import { bps } from "#protocol/ids";
import type { TaskTerms } from "#protocol/terms/taskTerms";
import type { Federation, TestNode } from "../federation.ts";
import { fixedTerms } from "./fixedTerms.ts";
import type { GasRecorder } from "./gasRecorder.ts";

const BATCH = 32;
/** Scores as they look on CIFAR-10: no zero bytes that would make calldata cheap. */
const SCORES = Array.from({ length: 10 }, (_, r) => 6017 + 31 * r);

/**
 * Terms under which a finalisation does most. The election is by the model's hash alone: block hashes change with every byte of
 * the contracts, and who signs would change with them.
 */
const WORST_CASE: Partial<TaskTerms> = {
  electionMode: ElectionMode.ModelHash,
  gammaBps: bps(2500),
  quorumBps: bps(5000),
  rounds: 3,
  negotiationSteps: 10,
  maxAttempts: 2,
  maxVoidRounds: 2,
  penaliseSilent: true,
  penaliseUnavailable: true,
};

/** What records an action of the coordinator. */
type Record = (action: string, sent: ReturnType<Federation["advance"]>) => Promise<void>;

/** Three rounds, all founders in the task but the last one, which joins before the end. */
export async function recordRounds(federation: Federation, recorder: GasRecorder): Promise<void> {
  const members = federation.nodes.slice(0, -1);
  const record = recordFor(recorder, federation.nodes.length);
  await federation.publish({ ...fixedTerms(), ...WORST_CASE });
  await federation.join(...members);
  await record("start", federation.contracts.coordinator.start(federation.taskId));

  await recordTraining(federation, record, "round 1, ");
  await recordProposal(federation, record, "round 1, ");
  await recordNegotiation(federation, record, "round 1, ");

  await recordTraining(federation, record, "");
  await recordProposal(federation, record, "");
  const [joining] = federation.nodes.slice(-1);
  if (joining === undefined) throw new Error("Too few nodes");
  await federation.join(joining);
  await recordNegotiation(federation, record, "");

  await recordTraining(federation, record, "with all, ", true);
  await recordProposal(federation, record, "with rejected members, ", {
    accepted: (await federation.posted()).filter((memberId) => memberId % 10 !== 0),
    rejected: (await federation.posted()).filter((memberId) => memberId % 10 === 0),
  });
  await recordNegotiation(federation, record, "last round, ", true);
}

/** Void rounds and later attempts, in a task of its own; it ends by too many void rounds. */
export async function recordFailures(federation: Federation, recorder: GasRecorder): Promise<void> {
  const record = recordFor(recorder, federation.nodes.length);
  await federation.startTask({ ...fixedTerms(), ...WORST_CASE });
  await federation.passDeadline();
  await record("advance: void for want of updates", federation.advance());

  await federation.train();
  await federation.passDeadline();
  await record("advance: next attempt", federation.advance());
  await record("submitAggregate: attempt 1", federation.aggregate());
  await federation.passDeadline();
  await record("advance: finalises without a report", federation.advance());

  await federation.train();
  const { slotSeconds } = federation.terms;
  const { phaseStart } = await federation.round();
  const second = await federation.proposal({ proposerRank: 1 });
  await federation.connection.networkHelpers.time.setNextBlockTimestamp(phaseStart + BigInt(slotSeconds));
  await record("submitAggregate: by rank 1", federation.submitAggregate(second));
  await federation.negotiate();

  await federation.train();
  await federation.passDeadline();
  await federation.advance();
  await federation.passDeadline();
  await record("advance: void for want of a proposal", federation.advance());
  await federation.passDeadline();
  await record("advance: void, which aborts the task", federation.advance());
}

/** What the election by a block's hash costs on top of the election by the model's hash. */
export async function recordMixedElection(federation: Federation, recorder: GasRecorder): Promise<void> {
  const record = recordFor(recorder, federation.nodes.length);
  const mixed = { electionMode: ElectionMode.ModelHashMixed };
  await federation.publish({ ...fixedTerms(), ...WORST_CASE, ...mixed });
  await federation.join(...federation.nodes);
  await record("start: mixed election", federation.contracts.coordinator.start(federation.taskId));
  for (const round of ["round 1, ", ""]) {
    const [first, second, ...others] = await federation.activeNodes();
    if (!first || !second) throw new Error("Too few nodes");
    const update = async (node: TestNode) => federation.submitUpdates([await federation.update(node)]);
    await record(`submitUpdates: ${round}mixed election, first of the phase`, update(first));
    await record(`submitUpdates: ${round}mixed election, the one that seals the seed`, update(second));
    await federation.train(others);
    await federation.aggregate();
    await federation.negotiate(undefined, [first, second, ...others.slice(1)]);
    await federation.passDeadline();
    await record(`advance: ${round}mixed election, finalises and opens the next round`, federation.advance());
  }
  await federation.passDeadline();
  await record("advance: void for want of updates, which seals the seed", federation.advance());
}

/** A proposal that voids the round, and the end at the last hour. */
export async function recordEnds(federation: Federation, recorder: GasRecorder): Promise<void> {
  const record = recordFor(recorder, federation.nodes.length);
  await federation.startTask({ ...fixedTerms(), ...WORST_CASE, quorumBps: bps(10_000) });
  await federation.train();
  const none = { digest: ZeroHash, accepted: [], rejected: [] };
  await record("submitAggregate: attests too few updates", federation.aggregate(none));
  await federation.connection.networkHelpers.time.setNextBlockTimestamp((await federation.status()).hardEnd);
  await record("advance: ends the task at its hard end", federation.advance());
}

function recordFor(recorder: GasRecorder, nodes: number): Record {
  return (action, sent) => recorder.record(`RoundCoordinator.${action} (K = ${nodes})`, sent);
}

/** All active nodes but one that is not in the committee post, or all of them. */
async function recordTraining(
  federation: Federation,
  record: Record,
  when: string,
  complete = false,
): Promise<void> {
  const { nodes: committee } = await federation.committee();
  const active = await federation.activeNodes();
  const last = active.findLast(({ nodeId }) => committee.every((member) => member.nodeId !== nodeId));
  const [first, second, ...others] = active.filter((node) => node !== last);
  if (!first || !second || !last) throw new Error("Too few nodes");
  const update = async (...nodes: TestNode[]) =>
    federation.submitUpdates(await Promise.all(nodes.map((node) => federation.update(node))));
  await record(`submitUpdates: ${when}first of the phase`, update(first));
  await record(`submitUpdates: ${when}alone`, update(second));
  await inBatches(others, async (nodes, action) =>
    record(`submitUpdates: ${when}${action}`, update(...nodes)),
  );
  if (complete) return record(`submitUpdates: ${when}the last of the phase`, update(last));
  await federation.passDeadline();
  await record(`advance: ${when}from Training`, federation.advance());
}

async function recordProposal(
  federation: Federation,
  record: Record,
  when: string,
  fields: Parameters<Federation["aggregate"]>[0] = {},
): Promise<void> {
  const proposal = await federation.proposal(fields);
  const signatures = proposal.attestations.length;
  await record(`submitAggregate: ${when}${signatures} signatures`, federation.submitAggregate(proposal));
}

/** All active nodes but one report, or all of them. */
async function recordNegotiation(
  federation: Federation,
  record: Record,
  when: string,
  complete = false,
): Promise<void> {
  const [first, second, ...others] = await federation.activeNodes();
  const last = others.pop();
  if (!first || !second || !last) throw new Error("Too few nodes");
  const report = async (...nodes: TestNode[]) =>
    federation.submitReports(
      await Promise.all(
        nodes.map((node) =>
          federation.report(
            node,
            SCORES.map((score) => score + node.nodeId),
          ),
        ),
      ),
    );
  await record(`submitReports: ${when}first of the phase`, report(first));
  await record(`submitReports: ${when}alone`, report(second));
  await inBatches(others, async (nodes, action) =>
    record(`submitReports: ${when}${action}`, report(...nodes)),
  );
  if (complete)
    return record(`submitReports: ${when}the last, which finalises and ends the task`, report(last));
  await federation.passDeadline();
  await record(`advance: ${when}finalises and opens the next round`, federation.advance());
}

/** Submits by full batches, and the rest in one. */
async function inBatches(
  nodes: readonly TestNode[],
  submit: (nodes: readonly TestNode[], action: string) => Promise<void>,
): Promise<void> {
  const full = Math.floor(nodes.length / BATCH);
  for (let i = 0; i < full; ++i)
    await submit(nodes.slice(i * BATCH, (i + 1) * BATCH), `batch ${i + 1} of ${BATCH}`);
  const rest = nodes.slice(full * BATCH);
  if (rest.length > 0) await submit(rest, `batch of ${rest.length}`);
}
