// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedScores} from "../libraries/PackedScores.sol";
import {Test} from "./Test.sol";

/// @notice Packed tables and sums against plain arrays.
contract PackedScoresTest is Test {
    using PackedScores for PackedScores.Tally;

    PackedScores.Tally private _stored;

    function _score(uint256 scores, uint256 r) private pure returns (uint256) {
        return (scores / 2 ** (16 * r)) % 2 ** 16;
    }

    function _cut(uint256 scores, uint256 steps) private pure returns (uint256) {
        return steps == 16 ? scores : scores % 2 ** (16 * steps);
    }

    function testFuzz_ValidExactlyWhenEachLaneIs(
        uint256 scores,
        uint8 stepsPick,
        uint16 maxScore
    ) external pure {
        uint256 steps = bound(stepsPick, 1, 16);
        _checkValidity(scores, steps, maxScore);
        _checkValidity(_cut(scores, steps), steps, maxScore);
        _checkValidity(_cut(scores, steps), steps, type(uint16).max);
    }

    function _checkValidity(uint256 scores, uint256 steps, uint256 maxScore) private pure {
        bool valid = true;
        for (uint256 r = 0; r < 16; ++r) {
            uint256 score = _score(scores, r);
            if (r < steps ? score > maxScore : score != 0) valid = false;
        }
        require(PackedScores.isValid(scores, steps, maxScore) == valid, "validity");
    }

    function testFuzz_SumsEqualPlainArrays(
        uint256[12] calldata reports,
        uint8 stepsPick,
        uint8 split
    ) external {
        uint256 steps = bound(stepsPick, 1, 16);
        uint256[] memory sums = new uint256[](steps);
        uint256[] memory squares = new uint256[](steps);
        uint256 pause = bound(split, 0, 11);
        PackedScores.Tally memory tally = _stored.load(steps);
        for (uint256 i = 0; i < reports.length; ++i) {
            tally.add(_cut(reports[i], steps), steps);
            for (uint256 r = 0; r < steps; ++r) {
                sums[r] += _score(reports[i], r);
                squares[r] += _score(reports[i], r) ** 2;
            }
            // Somewhere in between the tally goes to storage and comes back.
            if (i == pause) {
                _stored.store(tally, steps);
                tally = _stored.load(steps);
            }
        }
        _stored.store(tally, steps);
        _checkStored(steps, sums, squares, reports.length);
    }

    function _checkStored(
        uint256 steps,
        uint256[] memory sums,
        uint256[] memory squares,
        uint256 reports
    ) private view {
        assertEq(_stored.count(), reports);
        (uint256[] memory storedSums, uint256[] memory storedSquares) = _stored.load(steps).unpack(steps);
        assertEq(storedSums.length, steps);
        for (uint256 r = 0; r < steps; ++r) {
            assertEq(storedSums[r], sums[r]);
            assertEq(storedSquares[r], squares[r]);
        }
    }

    function test_NoLaneOverflowsWith1024GreatestReports() external pure {
        PackedScores.Tally memory tally;
        for (uint256 i = 0; i < 1024; ++i) tally.add(type(uint256).max, 16);
        (uint256[] memory sums, uint256[] memory squares) = tally.unpack(16);
        assertEq(tally.countOf(), 1024);
        for (uint256 r = 0; r < 16; ++r) {
            assertEq(sums[r], 1024 * 65_535);
            assertEq(squares[r], 1024 * 65_535 ** 2);
        }
    }

    function testFuzz_AfterAResetOldLanesMeanNothing(uint256 old, uint256 fresh, uint8 stepsPick) external {
        uint256 steps = bound(stepsPick, 1, 16);
        PackedScores.Tally memory tally = _stored.load(steps);
        tally.add(_cut(old, steps), steps);
        _stored.store(tally, steps);
        _stored.reset();
        assertEq(_stored.count(), 0);

        tally = _stored.load(steps);
        tally.add(_cut(fresh, steps), steps);
        _stored.store(tally, steps);
        uint256[] memory sums = new uint256[](steps);
        uint256[] memory squares = new uint256[](steps);
        for (uint256 r = 0; r < steps; ++r) (sums[r], squares[r]) = (_score(fresh, r), _score(fresh, r) ** 2);
        _checkStored(steps, sums, squares, 1);
    }
}
