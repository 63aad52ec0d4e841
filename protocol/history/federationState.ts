import type {
  AlphaOrigin,
  EndReason,
  Phase,
  ProposalKind,
  ProposalState,
  SkipReason,
  TaskState,
  VoidReason,
} from "../contracts/enums.ts";
import type { TaskTerms } from "../terms/taskTerms.ts";
import type { ConcordatEvent, EventPlace } from "../events/concordatEvent.ts";
import type { Address, Digest, Hex } from "../ids.ts";

/**
 * Everything that the events of a deployment say, folded in the chain's order (see applyEvent.ts). The fold writes it in place;
 * whoever else has it reads.
 */
export interface FederationState {
  readonly events: readonly ConcordatEvent[];
  readonly nodes: ReadonlyMap<number, NodeRecord>;
  readonly proposals: ReadonlyMap<number, ProposalRecord>;
  readonly tasks: ReadonlyMap<number, TaskRecord>;
}

/** A node of the registry. */
export interface NodeRecord {
  readonly nodeId: number;
  readonly operator: Address;
  readonly signer: Address;
  readonly endpoints: string;
  readonly encryptionKey: Hex;
  readonly isMember: boolean;
  readonly admitted: EventPlace;
  readonly removed: EventPlace | undefined;
  /** Bonded stake by token, in the token's smallest unit. */
  readonly stakes: ReadonlyMap<Hex, bigint>;
  readonly slashed: number;
}

/** A vote of the registry. */
export interface ProposalRecord {
  readonly proposalId: number;
  readonly kind: ProposalKind;
  /** The node to remove; 0 for an admission. */
  readonly nodeId: number;
  readonly operator: Address;
  readonly signer: Address;
  readonly endpoints: string;
  readonly electorate: number;
  readonly lastVoter: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly place: EventPlace;
  /** `Expired` is never stored: compare `expiresAt` with the chain's clock. */
  readonly state: ProposalState;
  readonly approvals: number;
  readonly rejections: number;
  readonly votes: ReadonlyMap<number, boolean>;
}

export interface MemberRecord {
  readonly memberId: number;
  readonly nodeId: number;
  readonly active: boolean;
}

export interface TaskRecord {
  readonly taskId: number;
  readonly publisher: Address;
  readonly terms: TaskTerms;
  /** What was paid in, in the reward token's smallest unit. */
  readonly escrow: bigint;
  /** What of it is still there. */
  readonly escrowLeft: bigint;
  /** Unix seconds. */
  readonly hardEnd: number;
  readonly published: EventPlace;
  readonly state: TaskState;
  readonly endReason: EndReason;
  readonly roundsPlayed: number;
  readonly ended: EventPlace | undefined;
  readonly members: ReadonlyMap<number, MemberRecord>;
  /** Member ids by position. */
  readonly active: readonly number[];
  /** Nodes whose join (true) or leave (false) waits for the next opening. */
  readonly queued: ReadonlyMap<number, boolean>;
  /** Every round and retry, in order. */
  readonly openings: readonly Opening[];
  readonly recorded: readonly RecordedRound[];
  readonly claims: readonly {
    readonly memberId: number;
    readonly amount: bigint;
    readonly place: EventPlace;
  }[];
  readonly refunded: bigint;
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
  readonly base: Digest;
  readonly quorum: number;
  /** Unix seconds. */
  readonly openedAt: number;
  readonly sealBlock: number;
  readonly place: EventPlace;
  /** Active members by position, as they stood at the opening. */
  readonly active: readonly MemberRecord[];
  readonly seed: Hex | undefined;
  /** Hash that was mixed into the seed; undefined where none was. */
  readonly seedBlockHash: Hex | undefined;
  readonly phases: readonly PhaseRecord[];
  /** By node id. */
  readonly updates: ReadonlyMap<number, UpdateRecord>;
  readonly proposals: readonly AggregateRecord[];
  /** By node id. */
  readonly reports: ReadonlyMap<number, ReportRecord>;
  readonly skipped: readonly {
    readonly nodeId: number;
    readonly reason: SkipReason;
    readonly place: EventPlace;
  }[];
  readonly missed: readonly { readonly nodeId: number; readonly attempt: number; readonly rank: number }[];
  readonly voided:
    { readonly reason: VoidReason; readonly inRow: number; readonly place: EventPlace } | undefined;
  readonly finalised: FinalisedRecord | undefined;
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
  readonly digest: Digest;
  readonly samples: number;
  readonly place: EventPlace;
}

export interface AggregateRecord {
  readonly attempt: number;
  readonly proposerRank: number;
  /** Zero attests that too few updates could be had. */
  readonly digest: Digest;
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
  readonly aggregate: Digest;
  readonly origin: AlphaOrigin;
  readonly alphaBps: number;
  /** r*, or 0 where alpha was kept. */
  readonly index: number;
  readonly reports: number;
  readonly sums: readonly bigint[];
  readonly squares: readonly bigint[];
  readonly place: EventPlace;
}

export function emptyFederation(): FederationState {
  return { events: [], nodes: new Map(), proposals: new Map(), tasks: new Map() };
}
