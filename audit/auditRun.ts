import type { AuditScope } from "./auditOptions.ts";
import type { ChainSource } from "./reading/chainSource.ts";
import type { Check } from "./checks.ts";
import { CheckLog } from "./checks.ts";
import type { Deployment } from "./reading/contracts.ts";
import type { AuditEvent } from "./reading/eventLog.ts";
import type { Replays } from "./replay/finalState.ts";
import { checkFinalState } from "./replay/finalState.ts";
import { missingFacts } from "./missingFacts.ts";
import { AggregateRecomputation } from "./recompute/recomputeAggregates.ts";
import { NodeRegistryReplay } from "./replay/nodeRegistryReplay.ts";
import { headerReader } from "./replay/replayContext.ts";
import type { ReplayContext } from "./replay/replayContext.ts";
import { RewardLedgerReplay } from "./replay/rewardLedgerReplay.ts";
import { RoundCoordinatorReplay } from "./replay/roundCoordinatorReplay.ts";
import { StakeVaultReplay } from "./replay/stakeVaultReplay.ts";
import { TaskRegistryReplay } from "./replay/taskRegistryReplay.ts";
import { replayEvent } from "./replay/replayEvent.ts";
import type { AuditReport } from "./report.ts";
import { Tally } from "./replay/tally.ts";
import { viewReader } from "./reading/views.ts";

/** One pass over a chain's events: replay them in order, then compare the contracts' state, then take the report. */
export class AuditRun {
  readonly #source: ChainSource;
  readonly #scope: AuditScope;
  readonly #context: ReplayContext;
  readonly #tally: Tally;
  readonly #replays: Replays;
  readonly #recomputation: AggregateRecomputation | undefined;
  #events = 0;

  private constructor(
    source: ChainSource,
    scope: AuditScope,
    context: ReplayContext,
    tally: Tally,
    replays: ReturnType<typeof createReplays>,
  ) {
    this.#source = source;
    this.#scope = scope;
    this.#context = context;
    this.#tally = tally;
    this.#replays = replays.replays;
    this.#recomputation = replays.recomputation;
  }

  /** @param block At which the contracts' constants are read. */
  static async begin(source: ChainSource, scope: AuditScope, block: number): Promise<AuditRun> {
    const tally = new Tally(scope);
    const context: ReplayContext = {
      source,
      checks: new CheckLog((check) => tally.add(check)),
      chainId: await source.chainId(),
      timestampOf: headerReader(source),
    };
    const view = viewReader(source, scope.addressBook, block);
    const replays = createReplays(context, scope.addressBook, scope, {
      votingPeriod: Number(await view<bigint>("NodeRegistry", "votingPeriod")),
      unbondingPeriod: Number(await view<bigint>("StakeVault", "unbondingPeriod")),
    });
    return new AuditRun(source, scope, context, tally, replays);
  }

  get disagrees(): boolean {
    return this.#tally.firstDisagreement !== undefined;
  }

  /** Replays events that follow those before, in the chain's order. `toBlock` says how far they will go in all. */
  async replay(events: AsyncIterable<AuditEvent> | Iterable<AuditEvent>, toBlock: number): Promise<void> {
    for await (const event of events) {
      await replayEvent(this.#context, this.#replays, event);
      this.#events++;
      this.#scope.progress?.({
        block: event.place.blockNumber,
        toBlock,
        events: this.#events,
        ...this.#tally.progress,
      });
    }
  }

  /**
   * Ends the replay and compares the contracts' state after `block`, the last that was replayed. Where the state cannot be had
   * nothing has happened, and more events may be replayed.
   */
  async compareState(block: number): Promise<void> {
    const found: Check[] = [];
    const { addressBook } = this.#scope;
    const context = { ...this.#context, checks: new CheckLog((check) => found.push(check)) };
    const view = viewReader(this.#source, addressBook, block);
    await checkFinalState(context, addressBook, view, block, this.#replays);
    this.#recomputation?.finish();
    for (const check of found) this.#tally.add(check);
  }

  report(toBlock: number): AuditReport {
    const { counts, firstDisagreement, kept, lacks } = this.#tally;
    return {
      format: "concordat/audit/1",
      chainId: String(this.#context.chainId),
      fromBlock: this.#scope.addressBook.deploymentBlock,
      toBlock,
      taskId: this.#scope.taskId,
      events: this.#events,
      agrees: firstDisagreement === undefined,
      counts,
      missing: missingFacts(counts, lacks, this.#recomputation?.service ?? new Map()),
      firstDisagreement,
      checks: kept,
    };
  }
}

function createReplays(
  context: ReplayContext,
  deployment: Deployment,
  { models, taskId }: AuditScope,
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
