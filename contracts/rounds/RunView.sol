// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundCoordinatorTypes as Types} from "../interfaces/IRoundCoordinator.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {MemberId} from "../types/MemberId.sol";
import {Run} from "./Run.sol";

/// @title What of a round's state means anything, and what of it is stale.
library RunView {
    using Bitmaps for Bitmaps.Set;
    using PackedScores for PackedScores.Tally;
    using Run for Run.State;

    /// @notice The round as stored, and what can be derived from the clock.
    function show(Run.State storage run) internal view returns (Types.RoundView memory view_) {
        view_.phase = run.phase;
        view_.due = run.isDue();
        view_.round = run.round;
        view_.retry = run.retry;
        view_.attempt = run.attempt;
        view_.attemptsLeft = run.attemptsLeft;
        view_.voidsInRow = run.voidsInRow;
        view_.activeCount = run.activeCount;
        view_.quorum = run.quorum;
        view_.postedCount = run.postedCount;
        view_.reportedCount = uint16(run.tally.count());
        view_.alphaBps = run.alphaBps;
        view_.openedAt = run.openedAt;
        view_.phaseStart = run.phaseStart;
        view_.deadline = run.deadline;
        if (run.phase == Types.Phase.Aggregation) {
            view_.fetchEnd = run.phaseStart + run.terms.fetchSeconds;
            view_.objectEnd = view_.fetchEnd + run.terms.objectionSeconds;
        }
        view_.hardEnd = run.terms.hardEnd;
        view_.sealBlock = run.sealBlock;
        view_.base = run.base;
        // Both slots keep the last round's digest until the next one overwrites it.
        if (run.phase == Types.Phase.Negotiation || run.phase == Types.Phase.Ended) {
            view_.aggregate = run.aggregate;
        }
        if (run.seeded) view_.seed = run.seed;
    }

    /// @notice Whether a member's update counted in this opening.
    function hasPosted(Run.State storage run, MemberId memberId) internal view returns (bool) {
        return run.postedCount != 0 && _isInRange(run, memberId) && run.posted.contains(memberId);
    }

    /// @notice Whether a member's report counted in this opening.
    function hasReported(Run.State storage run, MemberId memberId) internal view returns (bool) {
        return run.tally.count() != 0 && _isInRange(run, memberId) && run.reported.contains(memberId);
    }

    /// @notice Members whose updates counted in this opening.
    function postedBitmap(Run.State storage run) internal view returns (uint256[] memory words) {
        return run.postedCount == 0 ? new uint256[](run.words) : run.posted.load(run.words);
    }

    /// @notice Running sums and sums of squares of the reports for r = 1..R.
    function sums(
        Run.State storage run
    ) internal view returns (uint256[] memory sums_, uint256[] memory squares) {
        uint256 steps = run.terms.negotiationSteps;
        return run.tally.load(steps).unpack(steps);
    }

    function _isInRange(Run.State storage run, MemberId memberId) private view returns (bool) {
        return !memberId.isNoMember() && MemberId.unwrap(memberId) <= uint256(run.words) * 256;
    }
}
