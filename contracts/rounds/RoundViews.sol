// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {RoundTerms} from "../libraries/RoundTerms.sol";
import {SignedResults} from "../libraries/SignedResults.sol";
import {IRoundCoordinator} from "../interfaces/IRoundCoordinator.sol";
import {RoundState} from "./RoundState.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @title What anyone may read of a round.
abstract contract RoundViews is RoundState {
    using Bitmaps for Bitmaps.Set;
    using PackedScores for PackedScores.Tally;

    /// @inheritdoc IRoundCoordinator
    function roundOf(TaskId taskId) external view returns (RoundView memory view_) {
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
        // Both slots keep the last round's digest until the next one overwrites it.
        if (r.phase == Phase.Negotiation || r.phase == Phase.Ended) view_.aggregate = r.aggregate;
        if (r.seeded) view_.seed = r.seed;
    }

    /// @inheritdoc IRoundCoordinator
    function committeeOf(
        TaskId taskId
    ) external view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds, uint256 threshold) {
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
    function hasPosted(TaskId taskId, MemberId memberId) external view returns (bool) {
        Round storage r = _rounds[taskId];
        return r.postedCount != 0 && _inRange(r, memberId) && r.posted.contains(memberId);
    }

    /// @inheritdoc IRoundCoordinator
    function hasReported(TaskId taskId, MemberId memberId) external view returns (bool) {
        Round storage r = _rounds[taskId];
        return r.tally.count() != 0 && _inRange(r, memberId) && r.reported.contains(memberId);
    }

    /// @inheritdoc IRoundCoordinator
    function postedBitmap(TaskId taskId) external view returns (uint256[] memory words) {
        Round storage r = _rounds[taskId];
        return r.postedCount == 0 ? new uint256[](r.words) : r.posted.load(r.words);
    }

    /// @inheritdoc IRoundCoordinator
    function sumsOf(TaskId taskId) external view returns (uint256[] memory sums, uint256[] memory squares) {
        uint256 steps = _terms[taskId].negotiationSteps;
        return _rounds[taskId].tally.load(steps).unpack(steps);
    }

    /// @inheritdoc IRoundCoordinator
    function hashLocalUpdate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 digest,
        uint256 samples
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashUpdate(opening, nodeId, digest, samples));
    }

    /// @inheritdoc IRoundCoordinator
    function hashAccuracyReport(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 aggregate,
        uint256 scores
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashReport(opening, nodeId, aggregate, scores));
    }

    /// @inheritdoc IRoundCoordinator
    function hashAggregateAttestation(
        TaskId taskId,
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

    function _inRange(Round storage r, MemberId memberId) private view returns (bool) {
        return !memberId.isNoMember() && MemberId.unwrap(memberId) <= uint256(r.words) * 256;
    }
}
