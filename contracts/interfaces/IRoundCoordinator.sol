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
    /// @notice A round (retry 0) or a retry of it opened: its active set and signers are those of this point of the chain.
    /// @param base Digest of the model that it starts from.
    /// @param quorum Results that a phase needs at its deadline.
    /// @param openedAt Unix seconds; signers set later do not count.
    /// @param sealBlock Block whose hash seeds the election; 0 in mode
    /// ModelHash.
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

    /// @notice A phase began, also the end of the task; with retry and attempt it says who may act until when.
    /// @param phaseStart Unix seconds from which ranks are counted.
    /// @param deadline Unix seconds: submissions need an earlier time.
    event PhaseEntered(
        TaskId indexed taskId,
        uint256 indexed round,
        Phase indexed phase,
        uint256 retry,
        uint256 attempt,
        uint256 phaseStart,
        uint256 deadline
    );

    /// @notice A node's update counted. With the round's base these are all signed fields, so that the signature can be checked again.
    /// @param digest Of the update artifact.
    /// @param samples Its weight.
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

    /// @notice A node's accuracy report counted. With the round's base and aggregate these are all signed fields.
    /// @param scores R scores of 16 bits, that of r = 1 lowest.
    event ReportAccepted(
        TaskId indexed taskId,
        uint256 indexed round,
        NodeId indexed nodeId,
        uint256 retry,
        MemberId memberId,
        uint256 scores,
        bytes signature
    );

    /// @notice An entry of a batch did not count. It blames nobody: anyone may have sent it.
    event ResultSkipped(
        TaskId indexed taskId,
        uint256 indexed round,
        NodeId indexed nodeId,
        SkipReason reason
    );

    /// @notice A proposal counted. Digest zero: it voids the round, since fewer updates than the rule needs could be had.
    /// @param accepted Members in the aggregate, bit memberId - 1.
    /// @param rejected Members whose update was disqualified.
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

    /// @notice Nothing of a round's opening counts; a retry follows, or the end of the task.
    /// @param voidsInRow Void rounds since the last finalised one, this one included.
    event RoundVoided(
        TaskId indexed taskId,
        uint256 indexed round,
        uint256 retry,
        VoidReason reason,
        uint256 voidsInRow
    );

    /// @notice A round is decided: its aggregate is the next base, and alpha is chosen.
    /// @param negotiationIndex r* (1-based) or 0 where alpha was kept.
    /// @param reports n.
    /// @param sums S_r for r = 1..R;
    /// @param squares Q_r.
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
    /// @notice Starts an open task and opens round 1; any account.
    /// @dev *Effects*: the task runs; round 1 is in Training. Emits RoundOpened, PhaseEntered, and SeedSealed in mode ModelHash.
    /// *Requirements*: the terms name this coordinator; startTime has come, the time limit has not, and minNodes have joined.
    /// *Reverts*: WrongCoordinator; the registry's UnknownTask, WrongState, TooEarly, TooLate, TooFewNodes.
    function start(TaskId taskId) external;

    /// @notice Posts local updates; any relayer.
    /// @dev *Effects*: each entry counts, or is skipped with its reason. Emits UpdateAccepted or ResultSkipped for each; SeedSealed
    /// where the seed became known. The last active node's update ends the phase (PhaseEntered).
    /// *Requirements*: the phase is Training of this round and retry, before its deadline; at most 256 results; one of them counts: of
    /// an active node that has not posted, with a digest, 1 to maxSamples samples, and the signature of its signer.
    /// *Reverts*: NotRunning, WrongRound, WrongPhase, PhaseOver, BatchTooLarge, NothingCounted.
    function submitUpdates(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        UpdateResult[] calldata results
    ) external;

    /// @notice Posts the aggregate of an attempt with its attestations; any relayer.
    /// @dev *Effects*: the aggregate is the one to negotiate about (Negotiation begins), or the round is void where the digest is zero.
    /// Emits DutyMissed for each rank before the proposer's, AggregateAccepted, and PhaseEntered or RoundVoided.
    /// *Requirements*: the phase is Aggregation of this round, retry and attempt, before its deadline; the seed is known; the proposer's
    /// turn has come; accepted and rejected are disjoint sets of members that posted, at least as many as the rule needs, or fewer for
    /// digest zero; a threshold of the committee signed, in ascending rank, the proposer among them.
    /// *Reverts*: NotRunning, WrongRound, WrongPhase, PhaseOver, WrongAttempt, SeedNotReady, InvalidRank, RankNotYet, BitmapLength,
    /// BitmapsOverlap, NotPosted, NothingAccepted, TooFewUpdates, EnoughUpdates, TooFewAttestations, RanksNotAscending, BadAttestation,
    /// ProposerDidNotAttest.
    function submitAggregate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        Proposal calldata proposal
    ) external;

    /// @notice Posts accuracy reports; any relayer.
    /// @dev *Effects*: each entry is added to sums and squares, or skipped with its reason. Emits ReportAccepted or ResultSkipped for
    /// each. The last active node's report finalises the round (RoundFinalised) and opens the next one or ends the task.
    /// *Requirements*: the phase is Negotiation of this round, retry and aggregate, before its deadline; at most 256 results; one of them
    /// counts: of an active node that has not reported, with R scores up to maxScore, and the signature of its signer.
    /// *Reverts*: NotRunning, WrongRound, WrongPhase, PhaseOver, WrongAggregate, BatchTooLarge, NothingCounted.
    function submitReports(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 aggregate,
        ReportResult[] calldata results
    ) external;

    /// @notice Moves a phase whose deadline has passed; any account, one transition.
    /// @dev *Effects*: with a quorum of updates Aggregation begins, without the round is void; an attempt without a proposal gives way to
    /// the next, or to a void round once attempts are spent; a negotiation is finalised; at hardEnd the task ends. Emits what the
    /// transition emits, and SeedSealed where the seed became known.
    /// *Requirements*: the task runs, and the phase is due.
    /// *Reverts*: NotRunning, NotDue.
    function advance(TaskId taskId) external;

    /// @notice A task's round; all zero before its start. The phase is the stored one, `due` says whether `advance` would move it.
    function roundOf(TaskId taskId) external view returns (RoundView memory);

    /// @notice The committee of the present attempt by rank, and how many of it must attest.
    /// @dev *Reverts*: NotRunning; SeedNotReady before block b + 1 is known; WrongPhase where an attempt >= 1 has no posted members to walk
    /// over (Training).
    function committeeOf(
        TaskId taskId
    ) external view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds, uint256 threshold);

    /// @notice Whether a member's update counted in the present retry.
    function hasPosted(TaskId taskId, MemberId memberId) external view returns (bool);

    /// @notice Whether a member's report counted in the present retry.
    function hasReported(TaskId taskId, MemberId memberId) external view returns (bool);

    /// @notice Members that posted in the present retry, bit memberId - 1.
    function postedBitmap(TaskId taskId) external view returns (uint256[] memory words);

    /// @notice Running sums and sums of squares of the round's reports for r = 1..R.
    function sumsOf(TaskId taskId) external view returns (uint256[] memory sums, uint256[] memory squares);

    /// @notice EIP-712 digest of a LocalUpdate, as `submitUpdates` checks its signature.
    function hashLocalUpdate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 digest,
        uint256 samples
    ) external view returns (bytes32);

    /// @notice EIP-712 digest of an AccuracyReport, as `submitReports` checks its signature.
    function hashAccuracyReport(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 aggregate,
        uint256 scores
    ) external view returns (bytes32);

    /// @notice EIP-712 digest of an AggregateAttestation, as `submitAggregate` checks its signature.
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
