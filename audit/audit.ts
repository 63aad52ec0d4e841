import type { Check, CheckKind } from "./checks.ts";
import { CheckLog } from "./checks.ts";
import type { ChainSource } from "./chainSource.ts";
import { rpcChainSource } from "./chainSource.ts";
import type { ContractName, Deployment } from "./contracts.ts";
import { UNDECODABLE } from "./decodeLog.ts";
import type { AuditEvent, UndecodableEvent } from "./eventLog.ts";
import { readEvents } from "./eventLog.ts";
import type { Replays } from "./finalState.ts";
import { checkFinalState } from "./finalState.ts";
import type { AuditModels } from "./recomputeAggregates.ts";
import { AggregateRecomputation } from "./recomputeAggregates.ts";
import { NodeRegistryReplay } from "./replay/nodeRegistryReplay.ts";
import { headerReader } from "./replay/replayContext.ts";
import type { ReplayContext } from "./replay/replayContext.ts";
import { RewardLedgerReplay } from "./replay/rewardLedgerReplay.ts";
import { RoundCoordinatorReplay } from "./replay/roundCoordinatorReplay.ts";
import { StakeVaultReplay } from "./replay/stakeVaultReplay.ts";
import { TaskRegistryReplay } from "./replay/taskRegistryReplay.ts";
import type { AuditReport, KindCount } from "./report.ts";
import { viewReader } from "./views.ts";

/** How far an audit has come. */
export interface AuditProgress {
  readonly block: number;
  readonly toBlock: number;
  readonly events: number;
  readonly checks: number;
  readonly disagreements: number;
}

/** What to audit, and with what. */
export interface AuditOptions {
  /** Where to read the chain: an endpoint, or a source of one's own. */
  readonly chain: { readonly rpcUrl: string | readonly string[] } | { readonly source: ChainSource };
  /** The address book of the deployment, or the part of it that an audit needs. */
  readonly addressBook: Deployment;
  /** Audits one task; the registry and the vault, on which all depend, are checked anyway. */
  readonly taskId?: number;
  /** Last block to read; the chain's last by default. */
  readonly toBlock?: number;
  /** With artifacts, every global model is made again. */
  readonly models?: AuditModels;
  /** "disagreements" bounds the report's size; `onCheck` still sees every check. */
  readonly keep?: "all" | "disagreements";
  readonly onCheck?: (check: Check) => void;
  readonly progress?: (progress: AuditProgress) => void;
}

/** Where a replay's impossible event is booked. */
const STATE_KIND: Readonly<Record<ContractName, CheckKind>> = {
  NodeRegistry: "registry.state",
  TaskRegistry: "task.state",
  StakeVault: "stake.state",
  RewardLedger: "reward.state",
  RoundCoordinator: "round.state",
};

/**
 * Replays all events of a deployment, derives every decision again, and compares events, recomputation and the contracts'
 * final state with each other. Needs no key and trusts no node of the federation, only the endpoint's blocks.
 *
 * @example
 * const report = await audit({ chain: { rpcUrl }, addressBook });
 * if (!report.agrees) console.log(report.firstDisagreement);
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const { chain } = options;
  if ("source" in chain) return auditSource(chain.source, options);
  const source = rpcChainSource(chain.rpcUrl);
  try {
    return await auditSource(source, options);
  } finally {
    source.close();
  }
}

async function auditSource(source: ChainSource, options: AuditOptions): Promise<AuditReport> {
  const { addressBook: deployment, taskId } = options;
  const toBlock = options.toBlock ?? (await source.latestBlock());
  const tally = new Tally(options);
  const context: ReplayContext = {
    source,
    checks: new CheckLog((check) => tally.add(check)),
    chainId: await source.chainId(),
    timestampOf: headerReader(source),
  };
  const view = viewReader(source, deployment, toBlock);
  const { replays, recomputation } = createReplays(context, deployment, options, {
    votingPeriod: Number(await view<bigint>("NodeRegistry", "votingPeriod")),
    unbondingPeriod: Number(await view<bigint>("StakeVault", "unbondingPeriod")),
  });

  let events = 0;
  for await (const event of readEvents(source, deployment, toBlock)) {
    await applyEvent(context, replays, event);
    events++;
    options.progress?.({ block: event.blockNumber, toBlock, events, ...tally.progress });
  }
  recomputation?.finish();
  await checkFinalState(context, deployment, view, toBlock, replays);
  return {
    format: "concordat/audit/1",
    chainId: String(context.chainId),
    fromBlock: deployment.deploymentBlock,
    toBlock,
    taskId,
    events,
    agrees: tally.firstDisagreement === undefined,
    counts: tally.counts,
    firstDisagreement: tally.firstDisagreement,
    checks: tally.kept,
  };
}

function createReplays(
  context: ReplayContext,
  deployment: Deployment,
  { models, taskId }: AuditOptions,
  periods: { readonly votingPeriod: number; readonly unbondingPeriod: number },
): { readonly replays: Replays; readonly recomputation: AggregateRecomputation | undefined } {
  const nodes = new NodeRegistryReplay(context, periods.votingPeriod);
  const stakes = new StakeVaultReplay(context, periods.unbondingPeriod);
  const tasks = new TaskRegistryReplay(context, deployment, nodes, stakes, taskId);
  const rewards = new RewardLedgerReplay(context, tasks);
  const recomputation =
    models === undefined
      ? undefined
      : new AggregateRecomputation(context, models, (nodeId) => nodes.node(nodeId)?.endpoints ?? "");
  const rounds = new RoundCoordinatorReplay(
    context,
    deployment.contracts.RoundCoordinator,
    tasks,
    (nodeId, timestamp) => nodes.signerAt(nodeId, timestamp),
    async (round) => recomputation?.checkRound(round),
  );
  return { replays: { nodes, tasks, stakes, rewards, rounds }, recomputation };
}

/** Replays one event; a value that no contract can have emitted is a disagreement, not a failure of the audit. */
async function applyEvent(
  context: ReplayContext,
  replays: Replays,
  event: AuditEvent | UndecodableEvent,
): Promise<void> {
  if (event.name === UNDECODABLE) {
    const place = { ...event, subject: event.args.event };
    context.checks.expect(STATE_KIND[event.contract], place, "bytes that fit the event", event.args.problem);
    return;
  }
  try {
    await dispatch(replays, event);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { subject: event.name, blockNumber: event.blockNumber };
    context.checks.expect(STATE_KIND[event.contract], place, "a possible event", error.message);
  }
}

async function dispatch(
  { nodes, tasks, stakes, rewards, rounds }: Replays,
  event: AuditEvent,
): Promise<void> {
  switch (event.contract) {
    case "NodeRegistry":
      return nodes.apply(event);
    case "TaskRegistry":
      return tasks.apply(event, (taskId, now) => rounds.expectedEnd(taskId, now));
    case "StakeVault":
      return stakes.apply(event, (taskId) => {
        const task = tasks.task(taskId);
        return (
          task && {
            terms: task.terms,
            hardEnd: task.hardEnd,
            isMember: (nodeId) => task.roster.memberIdOf(nodeId) !== 0,
          }
        );
      });
    case "RewardLedger":
      return rewards.apply(event, (taskId) => rounds.outcomeOf(taskId));
    case "RoundCoordinator":
      return rounds.apply(event);
  }
}

/** Counts checks as they come, and keeps those that the report shows. */
class Tally {
  readonly kept: Check[] = [];
  readonly counts: Partial<Record<CheckKind, KindCount>> = {};
  firstDisagreement: Check | undefined;
  readonly #options: AuditOptions;
  #checks = 0;
  #disagreements = 0;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  get progress(): { readonly checks: number; readonly disagreements: number } {
    return { checks: this.#checks, disagreements: this.#disagreements };
  }

  add(check: Check): void {
    const { taskId: only, keep, onCheck } = this.#options;
    if (only !== undefined && check.taskId !== undefined && check.taskId !== only) return;
    const { agree, disagree, notRecomputed } = this.counts[check.kind] ?? ZERO;
    this.counts[check.kind] = {
      agree: agree + (check.recomputed && check.agrees ? 1 : 0),
      disagree: disagree + (check.agrees ? 0 : 1),
      notRecomputed: notRecomputed + (check.recomputed ? 0 : 1),
    };
    this.#checks++;
    if (!check.agrees) {
      this.#disagreements++;
      this.firstDisagreement ??= check;
    }
    if (keep !== "disagreements" || !check.agrees) this.kept.push(check);
    onCheck?.(check);
  }
}

const ZERO: KindCount = { agree: 0, disagree: 0, notRecomputed: 0 };
