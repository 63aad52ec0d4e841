// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IRoundCoordinatorEvents as Events,
    IRoundCoordinatorTypes as Types
} from "../interfaces/IRoundCoordinator.sol";
import {AlphaSelection} from "../libraries/AlphaSelection.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {TaskId} from "../types/TaskId.sol";
import {Run} from "./Run.sol";
import {RunTerms} from "./RunTerms.sol";

/// @title What a round decides: its alpha, and whose reputation rises and falls.
library Finalisation {
    using Bitmaps for Bitmaps.Set;
    using PackedScores for PackedScores.Tally;

    /// @notice Selects alpha from a quorate negotiation, else keeps the last one, and announces the round as final.
    /// @return targetMet Whether the target score is met at the alpha that was selected.
    function chooseAlpha(Run.State storage run, TaskId taskId) internal returns (bool targetMet) {
        uint256 steps = run.terms.negotiationSteps;
        PackedScores.Tally memory tally = run.tally.load(steps);
        (uint256[] memory sums, uint256[] memory squares) = tally.unpack(steps);
        uint256 n = tally.countOf();
        uint256 index = 0;
        if (n >= run.quorum) {
            RunTerms.State storage terms = run.terms;
            index = AlphaSelection.select(terms.strategy, terms.scoreKind, sums, squares, n);
            run.alphaBps = _alphaAt(terms, index, steps);
            targetMet = AlphaSelection.meetsTarget(terms.scoreKind, sums[index - 1], n, terms.targetScore);
        }
        _announce(run, taskId, index, n, sums, squares);
    }

    /// @notice Who earned (a = H) and whose reputation falls (a = L): the rejected, and by the terms those whose update could not
    /// be had.
    function outcome(
        Run.State storage run
    ) internal view returns (uint256[] memory accepted, uint256[] memory lowered) {
        uint256 words = run.words;
        accepted = run.accepted.load(words);
        lowered = run.rejected.load(words);
        if (run.terms.penaliseUnavailable) {
            for (uint256 i = 0; i < words; ++i) lowered[i] |= run.posted.words[i] & ~accepted[i];
        }
    }

    /// @notice Whether the terms lower the silent, and there are any.
    function lowersSilent(Run.State storage run) internal view returns (bool) {
        return run.terms.penaliseSilent && run.postedCount != run.activeCount;
    }

    /// @notice Adds the active members that did not post to those whose reputation falls.
    function addSilent(
        Run.State storage run,
        uint256[] memory lowered,
        uint256[] memory active
    ) internal view {
        for (uint256 i = 0; i < lowered.length; ++i) lowered[i] |= active[i] & ~run.posted.words[i];
    }

    /// @param index r*, or 0 where alpha was kept.
    function _announce(
        Run.State storage run,
        TaskId taskId,
        uint256 index,
        uint256 n,
        uint256[] memory sums,
        uint256[] memory squares
    ) private {
        emit Events.RoundFinalised(
            taskId,
            run.round,
            run.retry,
            run.base,
            run.aggregate,
            index == 0 ? Types.AlphaOrigin.Kept : Types.AlphaOrigin.Negotiated,
            run.alphaBps,
            index,
            n,
            sums,
            squares
        );
    }

    function _alphaAt(
        RunTerms.State storage terms,
        uint256 index,
        uint256 steps
    ) private view returns (uint16) {
        return
            uint16(
                AlphaSelection.alphaAt(
                    index,
                    steps,
                    terms.alphaLowerBps,
                    terms.alphaUpperBps,
                    terms.alphaGrid
                )
            );
    }
}
