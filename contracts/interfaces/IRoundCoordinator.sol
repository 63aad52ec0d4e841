// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @notice Types of the round coordinator.
interface IRoundCoordinatorTypes {
    enum Phase {
        None,
        Training,
        Aggregation,
        Negotiation,
        Ended
    }

    /// @notice Why a result in an array was not counted.
    enum SkipReason {
        None,
        NotActive,
        Duplicate,
        BadSignature,
        BadSamples,
        BadScores,
        ZeroDigest
    }

    /// @notice Why a round was void.
    enum VoidReason {
        None,
        NoQuorum,
        AttemptsSpent,
        TooFewUpdates
    }

    /// @notice How alpha came about in a round.
    enum AlphaOrigin {
        None,
        Negotiated,
        Kept
    }

    /// @notice EIP-712 LocalUpdate without the fields that all of a round share (taskId, round, retry, base).
    /// @param nodeId The node that trained.
    /// @param digest Digest of its update artifact.
    /// @param samples Number of training samples: its weight, 1 to maxSamples.
    struct UpdateResult {
        uint32 nodeId;
        uint32 samples;
        bytes32 digest;
        bytes signature;
    }

    /// @notice EIP-712 AccuracyReport without the shared fields (taskId, round, retry, base, aggregate).
    /// @param scores R scores of 16 bits, score r = 1..R in bits 16 (r - 1) and up; higher lanes zero.
    struct ReportResult {
        uint32 nodeId;
        uint256 scores;
        bytes signature;
    }

    /// @notice EIP-712 AggregateAttestation of one committee member.
    struct Attestation {
        uint16 rank;
        bytes signature;
    }

    /// @notice What a proposer posts.
    /// @param proposerRank Rank in the attempt's committee; needs its own attestation and timestamp >= phaseStart + rank * slot.
    /// @param digest Digest of the aggregate w_G^t; zero attests that fewer updates than the rule needs could be had,
    /// which voids the round.
    /// @param accepted Members in the aggregate, bit memberId - 1.
    /// @param rejected Members whose update was disqualified or scored worst.
    /// @param attestations Strictly ascending in rank.
    struct Proposal {
        uint16 proposerRank;
        bytes32 digest;
        uint256[] accepted;
        uint256[] rejected;
        Attestation[] attestations;
    }

    /// @notice A task's round as stored, plus what can be derived from the clock.
    /// @param due Whether `advance` would move the phase now.
    /// @param base Digest of w_G^{t-1}.
    /// @param aggregate Digest of w_G^t once proposed, else zero; after the end the last one proposed.
    /// @param attempt Counts on through void retries.
    /// @param attemptsLeft Attempts of this retry after the present one.
    /// @param voidsInRow Void rounds since the last finalised one.
    /// @param alphaBps Alpha of the last finalised round; initialAlpha before.
    /// @param sealBlock Block b + 1 whose hash seeds the election; 0 in mode ModelHash.
    /// @param seed Election seed of attempt 0 (base_t); zero until sealed.
    struct RoundView {
        Phase phase;
        bool due;
        uint32 round;
        uint16 retry;
        uint32 attempt;
        uint16 attemptsLeft;
        uint16 voidsInRow;
        uint16 activeCount;
        uint16 quorum;
        uint16 postedCount;
        uint16 reportedCount;
        uint16 alphaBps;
        uint40 openedAt;
        uint40 phaseStart;
        uint40 deadline;
        uint40 fetchEnd;
        uint40 objectEnd;
        uint40 hardEnd;
        uint64 sealBlock;
        bytes32 base;
        bytes32 aggregate;
        bytes32 seed;
    }
}

/// @notice Errors of the round coordinator.
interface IRoundCoordinatorErrors is IRoundCoordinatorTypes {
    error ZeroAddress();
    error WrongCoordinator(TaskId taskId, address coordinator);
    error NotRunning(TaskId taskId);
    error WrongPhase(TaskId taskId, Phase phase);
    /// @param round The open round; @param retry its retry.
    error WrongRound(TaskId taskId, uint256 round, uint256 retry);
    error WrongAttempt(TaskId taskId, uint256 attempt, uint256 given);
    error WrongAggregate(TaskId taskId, bytes32 aggregate, bytes32 given);
    error PhaseOver(TaskId taskId, uint256 deadline);
    error NotDue(TaskId taskId, uint256 deadline);
    error BatchTooLarge(uint256 length, uint256 max);
    error NothingCounted(TaskId taskId);
    error SeedNotReady(TaskId taskId, uint256 sealBlock);
    error RankNotYet(uint256 rank, uint256 from);
    error InvalidRank(uint256 rank, uint256 committeeSize);
    error RanksNotAscending(uint256 previous, uint256 rank);
    error BadAttestation(uint256 rank, NodeId nodeId);
    error ProposerDidNotAttest(uint256 rank);
    error TooFewAttestations(uint256 given, uint256 threshold);
    error BitmapLength(uint256 given, uint256 expected);
    error BitmapsOverlap();
    error NotPosted();
    error NothingAccepted();
    error TooFewUpdates(uint256 available, uint256 required);
    error EnoughUpdates(uint256 available, uint256 required);
}

/// @notice Events of the round coordinator: enough to recompute every decision.
interface IRoundCoordinatorEvents is IRoundCoordinatorTypes {
    /// @notice A round (retry 0) or a retry of it opened: its active set and signers are fixed by state at this point.
    event RoundOpened(
        TaskId indexed taskId,
        uint256 indexed round,
        uint256 indexed retry,
        bytes32 base,
        uint256 activeCount,
        uint256 quorum,
        uint256 openedAt,
        uint256 sealBlock
    );
    /// @notice The election seed base_t of a round became known. `blockHash` zero: mode ModelHash, or past 256 blocks.
    event SeedSealed(TaskId indexed taskId, uint256 indexed round, bytes32 seed, bytes32 blockHash);
    event PhaseEntered(
        TaskId indexed taskId,
        uint256 indexed round,
        Phase indexed phase,
        uint256 retry,
        uint256 attempt,
        uint256 phaseStart,
        uint256 deadline
    );
    event UpdateAccepted(
        TaskId indexed taskId,
        uint256 indexed round,
        NodeId indexed nodeId,
        uint256 retry,
        MemberId memberId,
        bytes32 digest,
        uint256 samples,
        bytes signature
    );
    event ReportAccepted(
        TaskId indexed taskId,
        uint256 indexed round,
        NodeId indexed nodeId,
        uint256 retry,
        MemberId memberId,
        uint256 scores,
        bytes signature
    );
    event ResultSkipped(
        TaskId indexed taskId,
        uint256 indexed round,
        NodeId indexed nodeId,
        SkipReason reason
    );
    /// @notice A proposal counted. Digest zero: it voids the round, since fewer updates than the rule needs could be had.
    /// @param committee Node ids by rank.
    event AggregateAccepted(
        TaskId indexed taskId,
        uint256 indexed round,
        uint256 retry,
        uint256 attempt,
        uint256 proposerRank,
        bytes32 digest,
        uint256[] accepted,
        uint256[] rejected,
        NodeId[] committee,
        Attestation[] attestations
    );
    /// @notice A committee member of this rank let its turn pass: a leader's slot, or a whole attempt.
    event DutyMissed(
        TaskId indexed taskId,
        uint256 indexed round,
        NodeId indexed nodeId,
        uint256 retry,
        uint256 attempt,
        uint256 rank
    );
    event RoundVoided(
        TaskId indexed taskId,
        uint256 indexed round,
        uint256 retry,
        VoidReason reason,
        uint256 voidsInRow
    );
    /// @param negotiationIndex r* (1-based) or 0 where alpha was kept.
    /// @param reports n.
    /// @param sums S_r for r = 1..R; @param squares Q_r.
    event RoundFinalised(
        TaskId indexed taskId,
        uint256 indexed round,
        uint256 retry,
        bytes32 base,
        bytes32 aggregate,
        AlphaOrigin origin,
        uint256 alphaBps,
        uint256 negotiationIndex,
        uint256 reports,
        uint256[] sums,
        uint256[] squares
    );
}

/// @title How a synchronous round runs: Training, Aggregation, Negotiation (DESIGN.md section 4; paper 1, Algorithm 1).
/// @dev EIP-712 domain {name "Concordat", version "1"}. A submission needs timestamp < deadline; one transition per call.
interface IRoundCoordinator is IRoundCoordinatorErrors, IRoundCoordinatorEvents {
    /// @notice Starts an open task and opens round 1; any account, from startTime on, once minNodes joined.
    function start(TaskId taskId) external;

    /// @notice Posts local updates; any relayer. Bad or duplicate entries are skipped; reverts if none counts.
    function submitUpdates(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        UpdateResult[] calldata results
    ) external;

    /// @notice Posts the aggregate of an attempt with its attestations; any relayer.
    function submitAggregate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        Proposal calldata proposal
    ) external;

    /// @notice Posts accuracy reports; any relayer. The report that completes the round finalises it.
    function submitReports(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 aggregate,
        ReportResult[] calldata results
    ) external;

    /// @notice Moves a phase whose deadline has passed, or ends the task at hardEnd; any account, one transition.
    function advance(TaskId taskId) external;

    function roundOf(TaskId taskId) external view returns (RoundView memory);

    /// @notice The committee of the present attempt by rank. Reverts with SeedNotReady before block b + 1 is known, and with
    /// WrongPhase where an attempt >= 1 has no posted members to walk over (Training).
    function committeeOf(
        TaskId taskId
    ) external view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds, uint256 threshold);

    function hasPosted(TaskId taskId, MemberId memberId) external view returns (bool);

    function hasReported(TaskId taskId, MemberId memberId) external view returns (bool);

    /// @notice Members that posted in the present retry, bit memberId - 1.
    function postedBitmap(TaskId taskId) external view returns (uint256[] memory words);

    /// @notice Running sums and sums of squares of the round's reports for r = 1..R.
    function sumsOf(TaskId taskId) external view returns (uint256[] memory sums, uint256[] memory squares);

    /// @notice EIP-712 digests as the contract checks them.
    function hashLocalUpdate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 digest,
        uint256 samples
    ) external view returns (bytes32);

    function hashAccuracyReport(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 aggregate,
        uint256 scores
    ) external view returns (bytes32);

    function hashAggregateAttestation(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        bytes32 base,
        bytes32 digest,
        uint256[] calldata accepted,
        uint256[] calldata rejected
    ) external view returns (bytes32);
}
