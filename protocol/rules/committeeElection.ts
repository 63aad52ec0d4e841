import { AbiCoder, keccak256 } from "ethers";

/** Members of a committee at most. */
export const MAX_COMMITTEE = 64;

/** A committee by rank: rank 0 leads. */
export interface Committee<Member> {
  readonly members: readonly Member[];
  /** Attestations that a proposal needs. */
  readonly threshold: number;
}

/** What a round's election seed is sealed from. */
export interface SeedSource {
  /** Digest of w_G^{t-1}. */
  readonly base: string;
  readonly taskId: number | bigint;
  readonly round: number | bigint;
}

/** The seed base_t in mode ModelHash (paper 1, Eq. 4): the digest of the previous global model as it is. */
export function modelHashSeed(source: SeedSource): string {
  return source.base;
}

/**
 * The seed base_t in mode ModelHashMixed: keccak256(base, blockhash(sealBlock), taskId, round), without the block hash
 * (`undefined`) where the chain no longer knew it when the seed was sealed, more than 256 blocks later.
 */
export function mixedSeed({ base, taskId, round }: SeedSource, blockHash: string | undefined): string {
  return blockHash === undefined
    ? hashOf(["bytes32", "uint256", "uint256"], [base, taskId, round])
    : hashOf(["bytes32", "bytes32", "uint256", "uint256"], [base, blockHash, taskId, round]);
}

/** The seed of one attempt: base_t itself for attempt 0, keccak256(base_t, attempt) from then on. */
export function attemptSeed(seed: string, attempt: number | bigint): string {
  return BigInt(attempt) === 0n ? seed : hashOf(["bytes32", "uint256"], [seed, attempt]);
}

/** The 0-based position that leads: seed mod K (paper 1, Eq. 4). */
export function leaderPosition(seed: string, activeCount: number): number {
  return Number(BigInt(seed) % BigInt(activeCount));
}

/** Members of a full committee: min(K, 64, max(4, 1 + ceil(gamma K))) (paper 1, Eq. 5 and Algorithm 1 line 18). */
export function committeeSize(gammaBps: number, activeCount: number): number {
  const others = Math.ceil((gammaBps * activeCount) / 10_000);
  return Math.min(activeCount, MAX_COMMITTEE, Math.max(4, 1 + others));
}

/** Attestations that a committee of this size needs: floor(2c/3) + 1, or floor(c/2) + 1 below four. */
export function attestationThreshold(size: number): number {
  return size < 4 ? Math.floor(size / 2) + 1 : Math.floor((2 * size) / 3) + 1;
}

/**
 * Elects the committee of an attempt over the active members in order of position. Attempt 0 takes the leader and the
 * next positions cyclically; later attempts keep only members that posted in this retry, fewer when fewer did.
 */
export function electCommittee<Member>(
  seed: string,
  attempt: number,
  active: readonly Member[],
  gammaBps: number,
  hasPosted: (member: Member) => boolean,
): Committee<Member> {
  const size = committeeSize(gammaBps, active.length);
  if (size === 0) return { members: [], threshold: attestationThreshold(0) };
  const leader = leaderPosition(attemptSeed(seed, attempt), active.length);
  const walk = [...active.slice(leader), ...active.slice(0, leader)];
  const eligible = attempt === 0 ? walk : walk.filter(hasPosted);
  const members = eligible.slice(0, size);
  return { members, threshold: attestationThreshold(members.length) };
}

function hashOf(types: readonly string[], values: readonly (string | number | bigint)[]): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
}
