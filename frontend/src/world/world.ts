import type { Hex } from "viem";
import type {
  AlphaOrigin,
  EndReason,
  Phase,
  ProposalKind,
  ProposalState,
  SkipReason,
  TaskState,
  VoidReason,
} from "../../../protocol/enums.ts";
import type { TaskTerms } from "../../../protocol/taskTerms.ts";
import type { ChainEvent, EventPlace } from "../events/contracts.ts";

/** Everything that the events of a deployment say, folded in the chain's order (see applyEvent.ts). */
export interface World {
  readonly events: ChainEvent[];
  readonly nodes: Map<number, NodeRecord>;
  readonly proposals: Map<number, ProposalRecord>;
  readonly tasks: Map<number, TaskRecord>;
}

/** A node of the registry. */
export interface NodeRecord {
  readonly nodeId: number;
  readonly operator: Hex;
  signer: Hex;
  endpoints: string;
  encryptionKey: Hex;
  isMember: boolean;
  readonly admitted: EventPlace;
  removed: EventPlace | undefined;
  /** Bonded stake by token, in the token's smallest unit. */
  readonly stakes: Map<Hex, bigint>;
  slashed: number;
}

/** A vote of the registry. */
export interface ProposalRecord {
  readonly proposalId: number;
  readonly kind: ProposalKind;
  /** The node to remove; 0 for an admission. */
  readonly nodeId: number;
  readonly operator: Hex;
  readonly signer: Hex;
  readonly endpoints: string;
  readonly electorate: number;
  readonly lastVoter: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly place: EventPlace;
  /** `Expired` is never stored: compare `expiresAt` with the chain's clock. */
  state: ProposalState;
  approvals: number;
  rejections: number;
  readonly votes: Map<number, boolean>;
}

export interface MemberRecord {
  readonly memberId: number;
  readonly nodeId: number;
  active: boolean;
}

export interface TaskRecord {
  readonly taskId: number;
  readonly publisher: Hex;
  readonly terms: TaskTerms;
  /** What was paid in, in the reward token's smallest unit. */
  readonly escrow: bigint;
  /** What of it is still there. */
  escrowLeft: bigint;
  /** Unix seconds. */
  readonly hardEnd: number;
  readonly published: EventPlace;
  state: TaskState;
  endReason: EndReason;
  roundsPlayed: number;
  ended: EventPlace | undefined;
  readonly members: Map<number, MemberRecord>;
  /** Member ids by position. */
  active: number[];
  /** Nodes whose join (true) or leave (false) waits for the next opening. */
  readonly queued: Map<number, boolean>;
  /** Every round and retry, in order. */
  readonly openings: Opening[];
  readonly recorded: RecordedRound[];
  readonly claims: { readonly memberId: number; readonly amount: bigint; readonly place: EventPlace }[];
  refunded: bigint;
}

/** What the ledger keeps of a finalised round; member ids. */
export interface RecordedRound {
  readonly round: number;
  readonly accepted: readonly number[];
  readonly lowered: readonly number[];
}

/** One retry of one round, from its opening to its end. */
export interface Opening {
  readonly round: number;
  readonly retry: number;
  readonly base: Hex;
  readonly quorum: number;
  /** Unix seconds. */
  readonly openedAt: number;
  readonly sealBlock: number;
  readonly place: EventPlace;
  /** Active members by position, as they stood at the opening. */
  readonly active: readonly MemberRecord[];
  seed: Hex | undefined;
  /** Hash that was mixed into the seed; undefined where none was. */
  seedBlockHash: Hex | undefined;
  readonly phases: PhaseRecord[];
  /** By node id. */
  readonly updates: Map<number, UpdateRecord>;
  readonly proposals: AggregateRecord[];
  /** By node id. */
  readonly reports: Map<number, ReportRecord>;
  readonly skipped: { readonly nodeId: number; readonly reason: SkipReason; readonly place: EventPlace }[];
  readonly missed: { readonly nodeId: number; readonly attempt: number; readonly rank: number }[];
  voided: { readonly reason: VoidReason; readonly inRow: number; readonly place: EventPlace } | undefined;
  finalised: FinalisedRecord | undefined;
}

export interface PhaseRecord {
  readonly phase: Phase;
  readonly attempt: number;
  /** Unix seconds. */
  readonly start: number;
  readonly deadline: number;
  readonly place: EventPlace;
}

export interface UpdateRecord {
  readonly nodeId: number;
  readonly memberId: number;
  readonly digest: Hex;
  readonly samples: number;
  readonly place: EventPlace;
}

export interface AggregateRecord {
  readonly attempt: number;
  readonly proposerRank: number;
  /** Zero attests that too few updates could be had. */
  readonly digest: Hex;
  /** Member ids. */
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  /** Node ids by rank. */
  readonly committee: readonly number[];
  /** Ranks that signed. */
  readonly attested: readonly number[];
  readonly place: EventPlace;
}

export interface ReportRecord {
  readonly nodeId: number;
  readonly memberId: number;
  /** For r = 1..R at index r - 1. */
  readonly scores: readonly number[];
  readonly place: EventPlace;
}

export interface FinalisedRecord {
  readonly aggregate: Hex;
  readonly origin: AlphaOrigin;
  readonly alphaBps: number;
  /** r*, or 0 where alpha was kept. */
  readonly index: number;
  readonly reports: number;
  readonly sums: readonly bigint[];
  readonly squares: readonly bigint[];
  readonly place: EventPlace;
}

export function emptyWorld(): World {
  return { events: [], nodes: new Map(), proposals: new Map(), tasks: new Map() };
}
