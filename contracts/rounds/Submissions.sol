// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IRoundCoordinatorErrors as Errors,
    IRoundCoordinatorEvents as Events,
    IRoundCoordinatorTypes as Types
} from "../interfaces/IRoundCoordinator.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {SignedResults} from "../libraries/SignedResults.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {Run} from "./Run.sol";
import {Seats, Wiring} from "./Seats.sol";

/// @title Which signed updates and reports count.
library Submissions {
    using Bitmaps for Bitmaps.Set;
    using PackedScores for PackedScores.Tally;
    using Seats for Run.State;
    using Seats for Wiring;

    /// @notice Most results in one call.
    uint256 internal constant MAX_BATCH = 256;

    /// @dev What the reports of a batch share beside their opening.
    struct Reported {
        bytes32 aggregate;
        uint256 steps;
        uint256 maxScore;
    }

    /// @notice Counts the updates of a batch and skips what does not count. Reverts with BatchTooLarge, and with NothingCounted
    /// where nothing does.
    /// @return complete Whether all active nodes have posted.
    function countUpdates(
        Run.State storage run,
        Wiring memory wiring,
        SignedResults.Opening memory opening,
        Types.UpdateResult[] calldata results
    ) internal returns (bool complete) {
        _checkBatch(results.length);
        uint256 before = run.postedCount;
        if (before == 0) run.posted.clear(run.words);
        uint256 maxSamples = run.terms.maxSamples;
        uint256 count = before;
        for (uint256 i = 0; i < results.length; ++i) {
            if (_countUpdate(run, wiring, opening, results[i], maxSamples)) ++count;
        }
        if (count == before) revert Errors.NothingCounted(opening.taskId);
        run.postedCount = uint16(count);
        return count == run.activeCount;
    }

    /// @notice Counts the reports of a batch as `countUpdates` does updates.
    /// @return complete Whether all active nodes have reported.
    function countReports(
        Run.State storage run,
        Wiring memory wiring,
        SignedResults.Opening memory opening,
        bytes32 aggregate,
        Types.ReportResult[] calldata results
    ) internal returns (bool complete) {
        _checkBatch(results.length);
        uint256 steps = run.terms.negotiationSteps;
        Reported memory shared = Reported(aggregate, steps, run.terms.maxScore);
        PackedScores.Tally memory tally = run.tally.load(steps);
        uint256 before = tally.countOf();
        if (before == 0) run.reported.clear(run.words);
        for (uint256 i = 0; i < results.length; ++i) {
            if (_countReport(run, wiring, opening, shared, results[i])) tally.add(results[i].scores, steps);
        }
        uint256 count = tally.countOf();
        if (count == before) revert Errors.NothingCounted(opening.taskId);
        run.tally.store(tally, steps);
        return count == run.activeCount;
    }

    /// @dev Counts an update unless there is a reason to skip it.
    function _countUpdate(
        Run.State storage run,
        Wiring memory wiring,
        SignedResults.Opening memory opening,
        Types.UpdateResult calldata result,
        uint256 maxSamples
    ) private returns (bool) {
        NodeId nodeId = NodeId.wrap(result.nodeId);
        Run.Seat memory seat = run.seatOf(wiring, opening.taskId, nodeId);
        MemberId memberId = MemberId.wrap(seat.memberId);
        Types.SkipReason reason = Types.SkipReason.None;
        if (memberId.isNoMember()) reason = Types.SkipReason.NotActive;
        else if (run.posted.contains(memberId)) reason = Types.SkipReason.Duplicate;
        else if (result.samples == 0 || result.samples > maxSamples) reason = Types.SkipReason.BadSamples;
        else if (result.digest == 0) reason = Types.SkipReason.ZeroDigest;
        else if (
            !SignedResults.isValid(
                seat.signer,
                wiring.typedHash(SignedResults.hashUpdate(opening, nodeId, result.digest, result.samples)),
                result.signature
            )
        ) reason = Types.SkipReason.BadSignature;
        if (reason != Types.SkipReason.None) return _skip(opening, nodeId, reason);

        run.posted.add(memberId);
        run.seats[nodeId] = seat;
        emit Events.UpdateAccepted(
            opening.taskId,
            opening.round,
            nodeId,
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
        Run.State storage run,
        Wiring memory wiring,
        SignedResults.Opening memory opening,
        Reported memory shared,
        Types.ReportResult calldata result
    ) private returns (bool) {
        NodeId nodeId = NodeId.wrap(result.nodeId);
        Run.Seat memory seat = run.seatOf(wiring, opening.taskId, nodeId);
        MemberId memberId = MemberId.wrap(seat.memberId);
        Types.SkipReason reason = Types.SkipReason.None;
        if (memberId.isNoMember()) reason = Types.SkipReason.NotActive;
        else if (run.reported.contains(memberId)) reason = Types.SkipReason.Duplicate;
        else if (!PackedScores.isValid(result.scores, shared.steps, shared.maxScore)) {
            reason = Types.SkipReason.BadScores;
        } else if (
            !SignedResults.isValid(
                seat.signer,
                wiring.typedHash(SignedResults.hashReport(opening, nodeId, shared.aggregate, result.scores)),
                result.signature
            )
        ) reason = Types.SkipReason.BadSignature;
        if (reason != Types.SkipReason.None) return _skip(opening, nodeId, reason);

        run.reported.add(memberId);
        emit Events.ReportAccepted(
            opening.taskId,
            opening.round,
            nodeId,
            opening.retry,
            memberId,
            result.scores,
            result.signature
        );
        return true;
    }

    function _skip(
        SignedResults.Opening memory opening,
        NodeId nodeId,
        Types.SkipReason reason
    ) private returns (bool) {
        emit Events.ResultSkipped(opening.taskId, opening.round, nodeId, reason);
        return false;
    }

    function _checkBatch(uint256 length) private pure {
        if (length > MAX_BATCH) revert Errors.BatchTooLarge(length, MAX_BATCH);
    }
}
