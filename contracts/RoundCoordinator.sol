// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IRewardLedger} from "./interfaces/IRewardLedger.sol";
import {IRoundCoordinator} from "./interfaces/IRoundCoordinator.sol";
import {ITaskRegistry, ITaskRegistryTypes} from "./interfaces/ITaskRegistry.sol";
import {AlphaSelection} from "./libraries/AlphaSelection.sol";
import {Bitmaps} from "./libraries/Bitmaps.sol";
import {PackedScores} from "./libraries/PackedScores.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {RoundTerms, RoundTermsSnapshot} from "./libraries/RoundTerms.sol";
import {SignedResults} from "./libraries/SignedResults.sol";
import {RoundResults} from "./rounds/RoundResults.sol";
import {RoundState} from "./rounds/RoundState.sol";
import {RoundViews} from "./rounds/RoundViews.sol";
import {NodeId} from "./types/NodeId.sol";
import {TaskId} from "./types/TaskId.sol";

/// @title How a synchronous round runs.
/// @dev Training -> Aggregation -> Negotiation -> next round; each arrow is one call of {_enterPhase}. A void round goes back to
/// Training with a higher retry. The reentrancy guard stands because reward ledgers are chosen by
/// publishers: only the registries are trusted code.
contract RoundCoordinator is RoundViews, RoundResults, ReentrancyGuardTransient {
    using Bitmaps for Bitmaps.Set;
    using Bitmaps for uint256[];
    using PackedScores for PackedScores.Tally;
    using RoundTermsSnapshot for RoundTerms;

    constructor(
        INodeRegistry nodeRegistry_,
        ITaskRegistry taskRegistry_
    ) RoundState(nodeRegistry_, taskRegistry_) {}

    /// @inheritdoc IRoundCoordinator
    function start(TaskId taskId) external nonReentrant {
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
        TaskId taskId,
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
        TaskId taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        Proposal calldata proposal
    ) external nonReentrant {
        Round storage r = _beginSubmission(taskId, Phase.Aggregation, round, retry);
        if (attempt != r.attempt) revert WrongAttempt(taskId, r.attempt, attempt);
        if (!r.seeded) revert SeedNotReady(taskId, r.sealBlock);
        NodeId[] memory committee = _electCommittee(taskId, r);

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
        TaskId taskId,
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
    function advance(TaskId taskId) external nonReentrant {
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

    /// @dev The one setter of every phase. No phase outlasts hardEnd, so that a deadline is all that a submission checks.
    function _enterPhase(TaskId taskId, Round storage r, Phase phase, uint256 duration) private {
        uint256 hardEnd = _terms[taskId].hardEnd;
        uint256 deadline = block.timestamp + duration;
        if (deadline > hardEnd) deadline = hardEnd;
        r.phase = phase;
        r.phaseStart = uint40(block.timestamp);
        r.deadline = uint40(deadline);
        emit PhaseEntered(taskId, r.round, phase, r.retry, r.attempt, block.timestamp, deadline);
    }

    /// @dev Opens the round or retry that `r` names: fixes active set, quorum and signers, and starts Training.
    function _open(TaskId taskId, Round storage r, uint256 activeCount) private {
        RoundTerms storage terms = _terms[taskId];
        r.activeCount = uint16(activeCount);
        r.quorum = uint16(Quorum.size(terms.quorumBps, activeCount));
        r.words = uint8(Bitmaps.wordsFor(taskRegistry.status(taskId).memberCount));
        r.openedAt = uint40(block.timestamp);
        r.postedCount = 0;
        r.attemptsLeft = terms.maxAttempts - 1;
        r.tally.reset();
        bool mixed = terms.electionMode == ITaskRegistryTypes.ElectionMode.ModelHashMixed;
        if (r.retry == 0) {
            r.seeded = false;
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
        TaskId taskId,
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

    function _enterAggregation(TaskId taskId, Round storage r) private {
        _enterPhase(taskId, r, Phase.Aggregation, _terms[taskId].aggregationSeconds);
    }

    /// @dev An attempt's deadline has passed: the next committee, or a void round once attempts are spent.
    function _failAttempt(TaskId taskId, Round storage r) private {
        // Without a seed nobody could have proposed.
        if (r.seeded) {
            (NodeId[] memory leader, ) = _elect(taskId, r, r.seed, 1);
            _missDuty(taskId, r, leader[0], 0);
        }
        if (r.attemptsLeft == 0) return _void(taskId, r, VoidReason.AttemptsSpent);
        --r.attemptsLeft;
        ++r.attempt;
        _enterAggregation(taskId, r);
    }

    function _enterNegotiation(TaskId taskId, Round storage r) private {
        _enterPhase(taskId, r, Phase.Negotiation, _terms[taskId].negotiationSeconds);
    }

    /// @dev Nothing of a void round stays but the attempts that it used; the next retry has the same base and seed.
    function _void(TaskId taskId, Round storage r, VoidReason reason) private {
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
    function _finalise(TaskId taskId, Round storage r) private {
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
        TaskId taskId,
        Round storage r,
        ITaskRegistryTypes.EndReason reason,
        uint256 roundsPlayed
    ) private {
        _enterPhase(taskId, r, Phase.Ended, 0);
        taskRegistry.end(taskId, reason, roundsPlayed);
    }

    /// @dev What every submission starts with: the seed sealed, the right phase of the right opening, before its deadline.
    function _beginSubmission(
        TaskId taskId,
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

    function _missDuty(TaskId taskId, Round storage r, NodeId nodeId, uint256 rank) private {
        emit DutyMissed(taskId, r.round, nodeId, r.retry, r.attempt, rank);
    }

    /// @dev Node ids by rank of the present attempt.
    function _electCommittee(TaskId taskId, Round storage r) private view returns (NodeId[] memory nodeIds) {
        (nodeIds, ) = _elect(taskId, r, r.seed, _committeeSize(taskId, r));
    }

    /// @dev Selects alpha from a quorate negotiation, else keeps the last one. Returns whether the target score is met.
    function _chooseAlpha(
        TaskId taskId,
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
        TaskId taskId,
        Round storage r,
        RoundTerms storage terms
    ) private view returns (uint256[] memory accepted, uint256[] memory lowered) {
        uint256 words = r.words;
        accepted = r.accepted.load(words);
        lowered = r.rejected.load(words);
        if (terms.penaliseUnavailable) {
            for (uint256 i = 0; i < words; ++i) lowered[i] |= r.posted.words[i] & ~accepted[i];
        }
        if (terms.penaliseSilent && r.postedCount != r.activeCount) {
            uint256[] memory active = taskRegistry.activeBitmap(taskId);
            for (uint256 i = 0; i < words; ++i) lowered[i] |= active[i] & ~r.posted.words[i];
        }
    }
}
