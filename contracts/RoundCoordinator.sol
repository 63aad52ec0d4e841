// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IRewardLedger} from "./interfaces/IRewardLedger.sol";
import {IRoundCoordinator} from "./interfaces/IRoundCoordinator.sol";
import {ITaskRegistry, ITaskRegistryTypes} from "./interfaces/ITaskRegistry.sol";
import {AlphaSelection} from "./libraries/AlphaSelection.sol";
import {Bitmaps} from "./libraries/Bitmaps.sol";
import {CommitteeElection} from "./libraries/CommitteeElection.sol";
import {PackedScores} from "./libraries/PackedScores.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {RoundTerms, RoundTermsSnapshot} from "./libraries/RoundTerms.sol";
import {SignedResults} from "./libraries/SignedResults.sol";

/// @title How a synchronous round runs.
/// @dev Training -> Aggregation -> Negotiation -> next round; each arrow is one call of {_enterPhase}. A void round goes back to
/// Training with a higher retry; {_end} is the only way out. The reentrancy guard stands because reward ledgers are chosen by
/// publishers: only the registries are trusted code.
contract RoundCoordinator is IRoundCoordinator, EIP712, ReentrancyGuardTransient {
    using Bitmaps for Bitmaps.Set;
    using Bitmaps for uint256[];
    using PackedScores for PackedScores.Tally;
    using RoundTermsSnapshot for RoundTerms;

    /// @notice Most results in one call.
    uint256 public constant MAX_BATCH = 256;

    INodeRegistry public immutable nodeRegistry;
    ITaskRegistry public immutable taskRegistry;

    /// @dev A task's present round. The first slot is all that a submission reads of it besides the digests; the second
    /// changes with the phase. Bitmaps and tally keep stale words until the first result of a phase overwrites them, so
    /// `postedCount` and the tally's count decide whether they mean anything.
    struct Round {
        Phase phase;
        bool seeded;
        uint32 round;
        uint16 retry;
        uint16 attempt;
        uint16 activeCount;
        uint16 quorum;
        uint16 postedCount;
        uint8 words; // of each bitmap: ceil(memberCount / 256)
        uint40 openedAt;
        uint40 deadline;
        uint40 phaseStart;
        uint64 sealBlock;
        uint16 alphaBps;
        uint8 attemptsLeft;
        uint8 voidsInRow;
        bytes32 base;
        bytes32 aggregate;
        bytes32 seed;
        Bitmaps.Set posted;
        Bitmaps.Set reported;
        Bitmaps.Set accepted;
        Bitmaps.Set rejected;
        PackedScores.Tally tally;
    }

    mapping(uint256 taskId => Round) private _rounds;
    mapping(uint256 taskId => RoundTerms) private _terms;

    constructor(INodeRegistry nodeRegistry_, ITaskRegistry taskRegistry_) EIP712("Concordat", "1") {
        if (address(nodeRegistry_) == address(0) || address(taskRegistry_) == address(0))
            revert ZeroAddress();
        nodeRegistry = nodeRegistry_;
        taskRegistry = taskRegistry_;
    }

    // ---------------------------------------------------------------------------------------------- life of a round

    /// @inheritdoc IRoundCoordinator
    function start(uint256 taskId) external nonReentrant {
        ITaskRegistryTypes.TaskTerms memory terms = taskRegistry.terms(taskId);
        if (terms.coordinator != address(this)) revert WrongCoordinator(taskId, terms.coordinator);
        uint256 activeCount = taskRegistry.start(taskId);
        _terms[taskId].take(terms, taskRegistry.status(taskId).hardEnd);

        Round storage r = _rounds[taskId];
        r.round = 1;
        r.alphaBps = terms.initialAlphaBps;
        r.base = terms.initialModelDigest;
        _open(taskId, r, activeCount);
    }

    /// @inheritdoc IRoundCoordinator
    function submitUpdates(
        uint256 taskId,
        uint256 round,
        uint256 retry,
        UpdateResult[] calldata results
    ) external nonReentrant {
        Round storage r = _beginSubmission(taskId, Phase.Training, round, retry);
        _checkBatch(results.length);
        uint256 before = r.postedCount;
        if (before == 0) r.posted.clear(r.words);

        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, r.base);
        uint256 maxSamples = _terms[taskId].maxSamples;
        uint256 count = before;
        for (uint256 i = 0; i < results.length; ++i) {
            if (_countUpdate(r, opening, results[i], maxSamples)) ++count;
        }
        if (count == before) revert NothingCounted(taskId);
        r.postedCount = uint16(count);
        if (count == r.activeCount) _enterAggregation(taskId, r);
    }

    /// @inheritdoc IRoundCoordinator
    function submitAggregate(
        uint256 taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        Proposal calldata proposal
    ) external nonReentrant {
        Round storage r = _beginSubmission(taskId, Phase.Aggregation, round, retry);
        if (attempt != r.attempt) revert WrongAttempt(taskId, r.attempt, attempt);
        if (!r.seeded) revert SeedNotReady(taskId, r.sealBlock);
        uint256[] memory committee = _electCommittee(taskId, r);

        _checkTurn(r, _terms[taskId].slotSeconds, proposal.proposerRank, committee.length);
        _checkBitmaps(r, proposal, _terms[taskId].minimumUpdates);
        _checkAttestations(taskId, r, proposal, committee);

        for (uint256 rank = 0; rank < proposal.proposerRank; ++rank)
            _missDuty(taskId, r, committee[rank], rank);
        emit AggregateAccepted(
            taskId,
            round,
            retry,
            attempt,
            proposal.proposerRank,
            proposal.digest,
            proposal.accepted,
            proposal.rejected,
            committee,
            proposal.attestations
        );
        if (proposal.digest == 0) return _void(taskId, r, VoidReason.TooFewUpdates);
        r.aggregate = proposal.digest;
        r.accepted.store(proposal.accepted);
        r.rejected.store(proposal.rejected);
        _enterNegotiation(taskId, r);
    }

    /// @inheritdoc IRoundCoordinator
    function submitReports(
        uint256 taskId,
        uint256 round,
        uint256 retry,
        bytes32 aggregate,
        ReportResult[] calldata results
    ) external nonReentrant {
        Round storage r = _beginSubmission(taskId, Phase.Negotiation, round, retry);
        if (aggregate != r.aggregate) revert WrongAggregate(taskId, r.aggregate, aggregate);
        _checkBatch(results.length);

        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, r.base);
        uint256 maxScore = _terms[taskId].maxScore;
        uint256 steps = _terms[taskId].negotiationSteps;
        PackedScores.Tally memory tally = r.tally.load(steps);
        uint256 before = tally.countOf();
        if (before == 0) r.reported.clear(r.words);
        for (uint256 i = 0; i < results.length; ++i) {
            if (_countReport(r, opening, aggregate, results[i], maxScore, steps)) {
                tally.add(results[i].scores, steps);
            }
        }
        uint256 count = tally.countOf();
        if (count == before) revert NothingCounted(taskId);
        r.tally.store(tally, steps);
        if (count == r.activeCount) _finalise(taskId, r);
    }

    /// @inheritdoc IRoundCoordinator
    function advance(uint256 taskId) external nonReentrant {
        Round storage r = _rounds[taskId];
        _requireRunning(taskId, r);
        _seal(taskId, r);
        if (block.timestamp < r.deadline) revert NotDue(taskId, r.deadline);
        if (block.timestamp >= _terms[taskId].hardEnd) {
            _end(taskId, r, ITaskRegistryTypes.EndReason.HardEnd, r.round - 1);
        } else if (r.phase == Phase.Training) {
            if (r.postedCount >= r.quorum) _enterAggregation(taskId, r);
            else _void(taskId, r, VoidReason.NoQuorum);
        } else if (r.phase == Phase.Aggregation) {
            _failAttempt(taskId, r);
        } else {
            _finalise(taskId, r);
        }
    }

    // --------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IRoundCoordinator
    function roundOf(uint256 taskId) external view returns (RoundView memory view_) {
        Round storage r = _rounds[taskId];
        RoundTerms storage terms = _terms[taskId];
        view_.phase = r.phase;
        view_.due = _isRunning(r) && block.timestamp >= r.deadline;
        view_.round = r.round;
        view_.retry = r.retry;
        view_.attempt = r.attempt;
        view_.attemptsLeft = r.attemptsLeft;
        view_.voidsInRow = r.voidsInRow;
        view_.activeCount = r.activeCount;
        view_.quorum = r.quorum;
        view_.postedCount = r.postedCount;
        view_.reportedCount = uint16(r.tally.count());
        view_.alphaBps = r.alphaBps;
        view_.openedAt = r.openedAt;
        view_.phaseStart = r.phaseStart;
        view_.deadline = r.deadline;
        if (r.phase == Phase.Aggregation) {
            view_.fetchEnd = r.phaseStart + terms.fetchSeconds;
            view_.objectEnd = view_.fetchEnd + terms.objectionSeconds;
        }
        view_.hardEnd = terms.hardEnd;
        view_.sealBlock = r.sealBlock;
        view_.base = r.base;
        view_.aggregate = r.aggregate;
        view_.seed = r.seed;
    }

    /// @inheritdoc IRoundCoordinator
    function committeeOf(
        uint256 taskId
    ) external view returns (uint256[] memory nodeIds, uint256[] memory memberIds, uint256 threshold) {
        Round storage r = _rounds[taskId];
        _requireRunning(taskId, r);
        if (r.attempt != 0 && r.phase == Phase.Training) revert WrongPhase(taskId, r.phase);
        bytes32 seed = r.seed;
        if (!r.seeded) {
            if (block.number <= r.sealBlock) revert SeedNotReady(taskId, r.sealBlock);
            seed = CommitteeElection.mixedSeed(r.base, blockhash(r.sealBlock), taskId, r.round);
        }
        (nodeIds, memberIds) = _elect(taskId, r, seed, _committeeSize(taskId, r));
        threshold = CommitteeElection.threshold(nodeIds.length);
    }

    /// @inheritdoc IRoundCoordinator
    function hasPosted(uint256 taskId, uint256 memberId) external view returns (bool) {
        Round storage r = _rounds[taskId];
        return r.postedCount != 0 && _inRange(r, memberId) && r.posted.contains(memberId);
    }

    /// @inheritdoc IRoundCoordinator
    function hasReported(uint256 taskId, uint256 memberId) external view returns (bool) {
        Round storage r = _rounds[taskId];
        return r.tally.count() != 0 && _inRange(r, memberId) && r.reported.contains(memberId);
    }

    /// @inheritdoc IRoundCoordinator
    function postedBitmap(uint256 taskId) external view returns (uint256[] memory words) {
        Round storage r = _rounds[taskId];
        return r.postedCount == 0 ? new uint256[](r.words) : r.posted.load(r.words);
    }

    /// @inheritdoc IRoundCoordinator
    function sumsOf(uint256 taskId) external view returns (uint256[] memory sums, uint256[] memory squares) {
        uint256 steps = _terms[taskId].negotiationSteps;
        return _rounds[taskId].tally.load(steps).unpack(steps);
    }

    /// @inheritdoc IRoundCoordinator
    function hashLocalUpdate(
        uint256 taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        uint256 nodeId,
        bytes32 digest,
        uint256 samples
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashUpdate(opening, nodeId, digest, samples));
    }

    /// @inheritdoc IRoundCoordinator
    function hashAccuracyReport(
        uint256 taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        uint256 nodeId,
        bytes32 aggregate,
        uint256 scores
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashReport(opening, nodeId, aggregate, scores));
    }

    /// @inheritdoc IRoundCoordinator
    function hashAggregateAttestation(
        uint256 taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        bytes32 base,
        bytes32 digest,
        uint256[] calldata accepted,
        uint256[] calldata rejected
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashAttestation(opening, attempt, digest, accepted, rejected));
    }

    // --------------------------------------------------------------------------------------------------- transitions

    /// @dev The one setter of every phase. No phase outlasts hardEnd, so that a deadline is all that a submission checks.
    function _enterPhase(uint256 taskId, Round storage r, Phase phase, uint256 duration) private {
        uint256 hardEnd = _terms[taskId].hardEnd;
        uint256 deadline = block.timestamp + duration;
        if (deadline > hardEnd) deadline = hardEnd;
        r.phase = phase;
        r.phaseStart = uint40(block.timestamp);
        r.deadline = uint40(deadline);
        emit PhaseEntered(taskId, r.round, phase, r.retry, r.attempt, block.timestamp, deadline);
    }

    /// @dev Opens the round or retry that `r` names: fixes active set, quorum and signers, and starts Training.
    function _open(uint256 taskId, Round storage r, uint256 activeCount) private {
        RoundTerms storage terms = _terms[taskId];
        r.activeCount = uint16(activeCount);
        r.quorum = uint16(Quorum.size(terms.quorumBps, activeCount));
        r.words = uint8(Bitmaps.wordsFor(taskRegistry.status(taskId).memberCount));
        r.openedAt = uint40(block.timestamp);
        r.postedCount = 0;
        r.attemptsLeft = terms.maxAttempts - 1;
        r.aggregate = 0;
        r.tally.reset();
        bool mixed = terms.electionMode == ITaskRegistryTypes.ElectionMode.ModelHashMixed;
        if (r.retry == 0) {
            r.seeded = false;
            r.seed = 0;
            r.sealBlock = mixed ? uint64(block.number) + 1 : 0;
        }
        emit RoundOpened(
            taskId,
            r.round,
            r.retry,
            r.base,
            activeCount,
            r.quorum,
            block.timestamp,
            r.sealBlock
        );
        if (!mixed && r.retry == 0) _setSeed(taskId, r, r.base, 0);
        _enterPhase(taskId, r, Phase.Training, terms.trainingSeconds);
    }

    /// @dev Applies membership changes for the next opening; ends the task where time or members ran out and then returns 0.
    function _gather(
        uint256 taskId,
        Round storage r,
        uint256 roundsPlayed
    ) private returns (uint256 activeCount) {
        if (block.timestamp >= _terms[taskId].timeLimit) {
            _end(taskId, r, ITaskRegistryTypes.EndReason.TimeLimit, roundsPlayed);
            return 0;
        }
        activeCount = taskRegistry.applyChanges(taskId);
        if (activeCount < _terms[taskId].minNodes) {
            _end(taskId, r, ITaskRegistryTypes.EndReason.TooFewNodes, roundsPlayed);
            return 0;
        }
    }

    function _enterAggregation(uint256 taskId, Round storage r) private {
        _enterPhase(taskId, r, Phase.Aggregation, _terms[taskId].aggregationSeconds);
    }

    /// @dev An attempt's deadline has passed: the next committee, or a void round once attempts are spent.
    function _failAttempt(uint256 taskId, Round storage r) private {
        // Without a seed nobody could have proposed.
        if (r.seeded) {
            (uint256[] memory leader, ) = _elect(taskId, r, r.seed, 1);
            _missDuty(taskId, r, leader[0], 0);
        }
        if (r.attemptsLeft == 0) return _void(taskId, r, VoidReason.AttemptsSpent);
        --r.attemptsLeft;
        ++r.attempt;
        _enterAggregation(taskId, r);
    }

    function _enterNegotiation(uint256 taskId, Round storage r) private {
        _enterPhase(taskId, r, Phase.Negotiation, _terms[taskId].negotiationSeconds);
    }

    /// @dev Nothing of a void round stays but the attempts that it used; the next retry has the same base and seed.
    function _void(uint256 taskId, Round storage r, VoidReason reason) private {
        uint8 voidsInRow = r.voidsInRow + 1;
        r.voidsInRow = voidsInRow;
        emit RoundVoided(taskId, r.round, r.retry, reason, voidsInRow);
        if (voidsInRow == _terms[taskId].maxVoidRounds) {
            return _end(taskId, r, ITaskRegistryTypes.EndReason.VoidRounds, r.round - 1);
        }
        uint256 activeCount = _gather(taskId, r, r.round - 1);
        if (activeCount == 0) return;
        if (r.phase == Phase.Aggregation) ++r.attempt;
        ++r.retry;
        _open(taskId, r, activeCount);
    }

    /// @dev Chooses alpha, records the round, and opens the next one or ends the task.
    function _finalise(uint256 taskId, Round storage r) private {
        RoundTerms storage terms = _terms[taskId];
        bool targetMet = _chooseAlpha(taskId, r, terms);
        uint256 round = r.round;
        (uint256[] memory accepted, uint256[] memory lowered) = _outcome(taskId, r, terms);
        IRewardLedger(terms.rewardLedger).recordRound(taskId, round, accepted, lowered);

        if (round == terms.rounds) return _end(taskId, r, ITaskRegistryTypes.EndReason.RoundsDone, round);
        if (targetMet) return _end(taskId, r, ITaskRegistryTypes.EndReason.TargetScore, round);
        uint256 activeCount = _gather(taskId, r, round);
        if (activeCount == 0) return;
        r.round = uint32(round + 1);
        r.retry = 0;
        r.attempt = 0;
        r.voidsInRow = 0;
        r.base = r.aggregate;
        _open(taskId, r, activeCount);
    }

    function _end(
        uint256 taskId,
        Round storage r,
        ITaskRegistryTypes.EndReason reason,
        uint256 roundsPlayed
    ) private {
        r.phase = Phase.Ended;
        r.phaseStart = uint40(block.timestamp);
        r.deadline = uint40(block.timestamp);
        emit PhaseEntered(taskId, r.round, Phase.Ended, r.retry, r.attempt, block.timestamp, block.timestamp);
        taskRegistry.end(taskId, reason, roundsPlayed);
    }

    // --------------------------------------------------------------------------------------------------- submissions

    /// @dev What every submission starts with: the seed sealed, the right phase of the right opening, before its deadline.
    function _beginSubmission(
        uint256 taskId,
        Phase phase,
        uint256 round,
        uint256 retry
    ) private returns (Round storage r) {
        r = _rounds[taskId];
        _requireRunning(taskId, r);
        if (round != r.round || retry != r.retry) revert WrongRound(taskId, r.round, r.retry);
        if (r.phase != phase) revert WrongPhase(taskId, r.phase);
        if (block.timestamp >= r.deadline) revert PhaseOver(taskId, r.deadline);
        _seal(taskId, r);
    }

    function _checkBatch(uint256 length) private pure {
        if (length > MAX_BATCH) revert BatchTooLarge(length, MAX_BATCH);
    }

    /// @dev Counts an update unless there is a reason to skip it.
    function _countUpdate(
        Round storage r,
        SignedResults.Opening memory opening,
        UpdateResult calldata result,
        uint256 maxSamples
    ) private returns (bool) {
        uint256 memberId = taskRegistry.activeMemberId(opening.taskId, result.nodeId);
        SkipReason reason = SkipReason.None;
        if (memberId == 0) reason = SkipReason.NotActive;
        else if (r.posted.contains(memberId)) reason = SkipReason.Duplicate;
        else if (result.samples == 0 || result.samples > maxSamples) reason = SkipReason.BadSamples;
        else if (result.digest == 0) reason = SkipReason.ZeroDigest;
        else if (
            !_isSignedBy(
                r,
                result.nodeId,
                SignedResults.hashUpdate(opening, result.nodeId, result.digest, result.samples),
                result.signature
            )
        ) reason = SkipReason.BadSignature;
        if (reason != SkipReason.None) return _skip(opening, result.nodeId, reason);

        r.posted.add(memberId);
        emit UpdateAccepted(
            opening.taskId,
            opening.round,
            result.nodeId,
            opening.retry,
            memberId,
            result.digest,
            result.samples,
            result.signature
        );
        return true;
    }

    /// @dev Counts a report unless there is a reason to skip it.
    function _countReport(
        Round storage r,
        SignedResults.Opening memory opening,
        bytes32 aggregate,
        ReportResult calldata result,
        uint256 maxScore,
        uint256 steps
    ) private returns (bool) {
        uint256 memberId = taskRegistry.activeMemberId(opening.taskId, result.nodeId);
        SkipReason reason = SkipReason.None;
        if (memberId == 0) reason = SkipReason.NotActive;
        else if (r.reported.contains(memberId)) reason = SkipReason.Duplicate;
        else if (!PackedScores.isValid(result.scores, steps, maxScore)) reason = SkipReason.BadScores;
        else if (
            !_isSignedBy(
                r,
                result.nodeId,
                SignedResults.hashReport(opening, result.nodeId, aggregate, result.scores),
                result.signature
            )
        ) reason = SkipReason.BadSignature;
        if (reason != SkipReason.None) return _skip(opening, result.nodeId, reason);

        r.reported.add(memberId);
        emit ReportAccepted(
            opening.taskId,
            opening.round,
            result.nodeId,
            opening.retry,
            memberId,
            result.scores,
            result.signature
        );
        return true;
    }

    function _skip(
        SignedResults.Opening memory opening,
        uint256 nodeId,
        SkipReason reason
    ) private returns (bool) {
        emit ResultSkipped(opening.taskId, opening.round, nodeId, reason);
        return false;
    }

    /// @dev The signer that counts is the one at the opening; keys set later count from the next opening on.
    function _isSignedBy(
        Round storage r,
        uint256 nodeId,
        bytes32 structHash,
        bytes calldata signature
    ) private view returns (bool) {
        address signer = nodeRegistry.signerAt(nodeId, r.openedAt);
        return SignedResults.isValid(signer, _hashTypedDataV4(structHash), signature);
    }

    // ------------------------------------------------------------------------------------------------------ proposal

    /// @dev The member of rank r may post from phaseStart + r * slot; earlier ranks stay eligible.
    function _checkTurn(Round storage r, uint256 slotSeconds, uint256 rank, uint256 c) private view {
        if (rank >= c) revert InvalidRank(rank, c);
        uint256 from = r.phaseStart + rank * slotSeconds;
        if (block.timestamp < from) revert RankNotYet(rank, from);
    }

    /// @dev Accepted and rejected are disjoint sets of posted members, as many as the rule needs, or too few for digest zero.
    function _checkBitmaps(Round storage r, Proposal calldata proposal, uint256 minimum) private view {
        uint256[] memory accepted = proposal.accepted;
        uint256[] memory rejected = proposal.rejected;
        if (accepted.length != r.words) revert BitmapLength(accepted.length, r.words);
        if (rejected.length != r.words) revert BitmapLength(rejected.length, r.words);
        if (!accepted.disjoint(rejected)) revert BitmapsOverlap();
        if (!accepted.isSubset(r.posted) || !rejected.isSubset(r.posted)) revert NotPosted();
        uint256 acceptedCount = accepted.count();
        uint256 available = acceptedCount + rejected.count();
        if (proposal.digest == 0) {
            if (available >= minimum) revert EnoughUpdates(available, minimum);
        } else {
            if (acceptedCount == 0) revert NothingAccepted();
            if (available < minimum) revert TooFewUpdates(available, minimum);
        }
    }

    /// @dev Enough valid attestations, each by another member, the proposer among them.
    function _checkAttestations(
        uint256 taskId,
        Round storage r,
        Proposal calldata proposal,
        uint256[] memory committee
    ) private view {
        Attestation[] calldata attestations = proposal.attestations;
        uint256 threshold = CommitteeElection.threshold(committee.length);
        if (attestations.length < threshold) revert TooFewAttestations(attestations.length, threshold);
        bytes32 structHash = SignedResults.hashAttestation(
            SignedResults.Opening(taskId, r.round, r.retry, r.base),
            r.attempt,
            proposal.digest,
            proposal.accepted,
            proposal.rejected
        );
        bool proposerAttested = false;
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint256 rank = attestations[i].rank;
            if (rank >= committee.length) revert InvalidRank(rank, committee.length);
            if (i != 0 && rank <= attestations[i - 1].rank) {
                revert RanksNotAscending(attestations[i - 1].rank, rank);
            }
            if (!_isSignedBy(r, committee[rank], structHash, attestations[i].signature)) {
                revert BadAttestation(rank, committee[rank]);
            }
            if (rank == proposal.proposerRank) proposerAttested = true;
        }
        if (!proposerAttested) revert ProposerDidNotAttest(proposal.proposerRank);
    }

    function _missDuty(uint256 taskId, Round storage r, uint256 nodeId, uint256 rank) private {
        emit DutyMissed(taskId, r.round, nodeId, r.retry, r.attempt, rank);
    }

    // ------------------------------------------------------------------------------------------------------ election

    /// @dev Seals the seed as soon as the hash of the seal block can be known; past 256 blocks that hash reads zero.
    function _seal(uint256 taskId, Round storage r) private {
        if (r.seeded || block.number <= r.sealBlock) return;
        bytes32 blockHash = blockhash(r.sealBlock);
        _setSeed(taskId, r, CommitteeElection.mixedSeed(r.base, blockHash, taskId, r.round), blockHash);
    }

    function _setSeed(uint256 taskId, Round storage r, bytes32 seed, bytes32 blockHash) private {
        r.seeded = true;
        r.seed = seed;
        emit SeedSealed(taskId, r.round, seed, blockHash);
    }

    function _electCommittee(
        uint256 taskId,
        Round storage r
    ) private view returns (uint256[] memory nodeIds) {
        (nodeIds, ) = _elect(taskId, r, r.seed, _committeeSize(taskId, r));
    }

    function _committeeSize(uint256 taskId, Round storage r) private view returns (uint256) {
        return CommitteeElection.size(r.activeCount, _terms[taskId].gammaBps);
    }

    /// @dev The first `c` of the present attempt's committee.
    function _elect(
        uint256 taskId,
        Round storage r,
        bytes32 seed,
        uint256 c
    ) private view returns (uint256[] memory nodeIds, uint256[] memory memberIds) {
        return CommitteeElection.elect(taskRegistry, taskId, seed, r.attempt, r.activeCount, c, r.posted);
    }

    // -------------------------------------------------------------------------------------------------- finalisation

    /// @dev Selects alpha from a quorate negotiation, else keeps the last one. Returns whether the target score is met.
    function _chooseAlpha(
        uint256 taskId,
        Round storage r,
        RoundTerms storage terms
    ) private returns (bool targetMet) {
        uint256 steps = terms.negotiationSteps;
        PackedScores.Tally memory tally = r.tally.load(steps);
        (uint256[] memory sums, uint256[] memory squares) = tally.unpack(steps);
        uint256 n = tally.countOf();
        uint256 index = 0;
        if (n >= r.quorum) {
            index = AlphaSelection.select(terms.strategy, terms.scoreKind, sums, squares, n);
            r.alphaBps = uint16(
                AlphaSelection.alphaAt(
                    index,
                    steps,
                    terms.alphaLowerBps,
                    terms.alphaUpperBps,
                    terms.alphaGrid
                )
            );
            targetMet = AlphaSelection.meetsTarget(terms.scoreKind, sums[index - 1], n, terms.targetScore);
        }
        emit RoundFinalised(
            taskId,
            r.round,
            r.retry,
            r.base,
            r.aggregate,
            index == 0 ? AlphaOrigin.Kept : AlphaOrigin.Negotiated,
            r.alphaBps,
            index,
            n,
            sums,
            squares
        );
    }

    /// @dev Who earned (a = H) and whose reputation falls (a = L): the rejected, and by the terms the unavailable and silent.
    function _outcome(
        uint256 taskId,
        Round storage r,
        RoundTerms storage terms
    ) private view returns (uint256[] memory accepted, uint256[] memory lowered) {
        uint256 words = r.words;
        accepted = r.accepted.load(words);
        lowered = r.rejected.load(words);
        if (terms.penaliseUnavailable) {
            for (uint256 i = 0; i < words; ++i) lowered[i] |= r.posted.words[i] & ~accepted[i];
        }
        if (terms.penaliseSilent) {
            uint256[] memory active = taskRegistry.activeBitmap(taskId);
            for (uint256 i = 0; i < words; ++i) lowered[i] |= active[i] & ~r.posted.words[i];
        }
    }

    // --------------------------------------------------------------------------------------------------------- state

    function _isRunning(Round storage r) private view returns (bool) {
        return r.phase != Phase.None && r.phase != Phase.Ended;
    }

    function _requireRunning(uint256 taskId, Round storage r) private view {
        if (!_isRunning(r)) revert NotRunning(taskId);
    }

    function _inRange(Round storage r, uint256 memberId) private view returns (bool) {
        return memberId != 0 && memberId <= uint256(r.words) * 256;
    }
}
