import { Phase, enumValue } from "@concordat/protocol/contracts/enums";
import type { Bps, Digest, MemberId, NodeId } from "@concordat/protocol/ids";
import type { IRoundCoordinatorTypes } from "../typechain/interfaces/IRoundCoordinator.sol/IRoundCoordinator.ts";

/** A task's round as the coordinator holds it. Times in unix seconds. */
export interface RoundView {
  readonly phase: Phase;
  readonly round: number;
  readonly retry: number;
  readonly attempt: number;
  readonly activeCount: number;
  readonly quorum: number;
  readonly postedCount: number;
  readonly reportedCount: number;
  /** Alpha of the last finalised round; initialAlpha before. */
  readonly alphaBps: Bps;
  readonly openedAt: number;
  readonly phaseStart: number;
  readonly deadline: number;
  /** Zero outside of Aggregation, as `objectEnd`. */
  readonly fetchEnd: number;
  readonly objectEnd: number;
  readonly hardEnd: number;
  /** Digest of w_G^{t-1}. */
  readonly base: Digest;
  /** Digest of w_G^t once proposed, else zero. */
  readonly aggregate: Digest;
  /** Election seed of attempt 0; zero until sealed. */
  readonly seed: string;
  /** The block at which this was read. */
  readonly block: number;
}

/** The committee of an attempt by rank: rank 0 leads. */
export interface CommitteeView {
  readonly nodeIds: readonly NodeId[];
  readonly memberIds: readonly MemberId[];
  readonly threshold: number;
}

/** An update as it was accepted on chain. */
export interface PostedUpdate {
  readonly nodeId: NodeId;
  readonly memberId: MemberId;
  readonly digest: Digest;
  readonly samples: number;
}

/** Reads what `roundOf` returned. */
export function roundView(view: IRoundCoordinatorTypes.RoundViewStructOutput, block: number): RoundView {
  return {
    phase: enumValue(Phase, view.phase),
    round: Number(view.round),
    retry: Number(view.retry),
    attempt: Number(view.attempt),
    activeCount: Number(view.activeCount),
    quorum: Number(view.quorum),
    postedCount: Number(view.postedCount),
    reportedCount: Number(view.reportedCount),
    alphaBps: Number(view.alphaBps) as Bps,
    openedAt: Number(view.openedAt),
    phaseStart: Number(view.phaseStart),
    deadline: Number(view.deadline),
    fetchEnd: Number(view.fetchEnd),
    objectEnd: Number(view.objectEnd),
    hardEnd: Number(view.hardEnd),
    base: view.base as Digest,
    aggregate: view.aggregate as Digest,
    seed: view.seed,
    block,
  };
}
