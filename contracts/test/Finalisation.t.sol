// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {Finalisation} from "../rounds/Finalisation.sol";
import {Run} from "../rounds/Run.sol";
import {RunView} from "../rounds/RunView.sol";
import {MemberId} from "../types/MemberId.sol";
import {TaskId} from "../types/TaskId.sol";
import {Test} from "./Test.sol";

/// @notice What a round decides, from its state alone; each test is a branch in words.
contract FinalisationTest is Test {
    using Finalisation for Run.State;
    using PackedScores for PackedScores.Tally;
    using RunView for Run.State;

    TaskId private constant TASK = TaskId.wrap(7);
    Run.State private _run;

    function setUp() external {
        (_run.quorum, _run.alphaBps) = (2, 1234);
        (_run.terms.negotiationSteps, _run.terms.alphaUpperBps) = (2, 10_000);
    }

    function test_BelowTheQuorumAlphaIsKeptAndNoTargetMet() external {
        _run.terms.targetScore = 1;
        _report(900, 800);
        require(!_run.chooseAlpha(TASK), "target");
        assertEq(_run.alphaBps, 1234);
    }

    function test_AQuorumChoosesAlphaByTheTermsStrategy() external {
        _report(10, 700);
        _report(20, 900);
        require(!_run.chooseAlpha(TASK), "no target");
        assertEq(_run.alphaBps, 10_000);
        _run.terms.strategy = ITaskRegistryTypes.Strategy.MinVariance;
        _run.chooseAlpha(TASK);
        assertEq(_run.alphaBps, 5000);
    }

    function test_TheTargetIsMetByTheMeanAtTheChosenAlpha() external {
        _report(10, 700);
        _report(20, 900);
        _run.terms.targetScore = 800;
        require(_run.chooseAlpha(TASK), "met");
        _run.terms.targetScore = 801;
        require(!_run.chooseAlpha(TASK), "not met");
    }

    function testFuzz_TheRejectedAreLoweredAndByTheTermsTheUnavailableAndTheSilent(
        uint256[4] calldata picks,
        bool unavailable,
        bool silent
    ) external {
        uint256 active = picks[0];
        uint256 posted = active & picks[1];
        uint256 accepted = posted & picks[2];
        uint256 rejected = posted & ~picks[2] & picks[3];
        (_run.words, _run.activeCount, _run.postedCount) = (1, 256, posted == active ? 256 : 255);
        (_run.posted.words[0], _run.accepted.words[0]) = (posted, accepted);
        _run.rejected.words[0] = rejected;
        (_run.terms.penaliseUnavailable, _run.terms.penaliseSilent) = (unavailable, silent);

        (uint256[] memory raised, uint256[] memory lowered) = _run.outcome();
        uint256[] memory activeWords = new uint256[](1);
        activeWords[0] = active;
        if (_run.lowersSilent()) _run.addSilent(lowered, activeWords);
        assertEq(raised[0], accepted);
        for (uint256 bit = 0; bit < 256; ++bit) {
            bool isLow = _has(rejected, bit);
            if (unavailable && _has(posted, bit) && !_has(accepted, bit)) isLow = true;
            if (silent && _has(active, bit) && !_has(posted, bit)) isLow = true;
            require(_has(lowered[0], bit) == isLow, "lowered");
        }
    }

    function test_StaleWordsOfTheOpeningBeforeMeanNothing() external {
        _run.words = 1;
        _run.posted.words[0] = 5;
        _run.reported.words[0] = 5;
        require(!_run.hasPosted(MemberId.wrap(1)) && !_run.hasReported(MemberId.wrap(1)), "stale");
        assertEq(_run.postedBitmap()[0], 0);
        _run.postedCount = 2;
        _report(1, 1);
        require(_run.hasPosted(MemberId.wrap(1)) && _run.hasReported(MemberId.wrap(1)), "fresh");
        assertEq(_run.postedBitmap()[0], 5);
    }

    function test_MembersOutsideTheBitmapHaveNotActed() external {
        (_run.words, _run.postedCount) = (1, 1);
        (_run.posted.words[0], _run.posted.words[1]) = (type(uint256).max, type(uint256).max);
        require(!_run.hasPosted(MemberId.wrap(0)), "nobody");
        require(_run.hasPosted(MemberId.wrap(256)), "the last of the word");
        require(!_run.hasPosted(MemberId.wrap(257)), "beyond the words");
    }

    /// @dev One more report of two scores.
    function _report(uint256 first, uint256 second) private {
        PackedScores.Tally memory tally = _run.tally.load(2);
        tally.add(first | (second << 16), 2);
        _run.tally.store(tally, 2);
    }

    function _has(uint256 word, uint256 bit) private pure returns (bool) {
        return (word >> bit) & 1 == 1;
    }
}
