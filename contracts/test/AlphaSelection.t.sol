// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {AlphaSelection} from "../libraries/AlphaSelection.sol";
import {Test} from "./Test.sol";

/// @notice Selection against a search over plain tables, which compares every pair of steps.
contract AlphaSelectionTest is Test, ITaskRegistryTypes {
    struct Table {
        uint256 steps;
        uint256 n;
        uint256[16][8] scores;
        uint256[] sums;
        uint256[] squares;
    }

    /// @dev Small scores make ties frequent.
    function _table(
        uint16[128] calldata raw,
        uint8 stepsPick,
        uint8 nPick,
        bool small
    ) private pure returns (Table memory t) {
        t.steps = bound(stepsPick, 1, 16);
        t.n = bound(nPick, 1, 8);
        t.sums = new uint256[](t.steps);
        t.squares = new uint256[](t.steps);
        for (uint256 k = 0; k < t.n; ++k) {
            for (uint256 r = 0; r < t.steps; ++r) {
                uint256 score = small ? raw[16 * k + r] % 3 : raw[16 * k + r];
                t.scores[k][r] = score;
                t.sums[r] += score;
                t.squares[r] += score * score;
            }
        }
    }

    function testFuzz_ArgmaxMeanIsTheFirstThatNoneBeats(
        uint16[128] calldata raw,
        uint8 stepsPick,
        uint8 nPick,
        bool small,
        bool errors
    ) external pure {
        Table memory t = _table(raw, stepsPick, nPick, small);
        ScoreKind kind = errors ? ScoreKind.Error : ScoreKind.Accuracy;
        uint256 chosen = AlphaSelection.select(Strategy.ArgmaxMean, kind, t.sums, t.squares, t.n);
        assertEq(chosen, _firstUnbeatenMean(t, errors));
    }

    function testFuzz_MinVarianceIsTheFirstThatNoneBeats(
        uint16[128] calldata raw,
        uint8 stepsPick,
        uint8 nPick,
        bool small,
        bool errors
    ) external pure {
        Table memory t = _table(raw, stepsPick, nPick, small);
        ScoreKind kind = errors ? ScoreKind.Error : ScoreKind.Accuracy;
        uint256 chosen = AlphaSelection.select(Strategy.MinVariance, kind, t.sums, t.squares, t.n);
        assertEq(chosen, t.n < 2 ? _firstUnbeatenMean(t, errors) : _firstUnbeatenSpread(t));
    }

    function _firstUnbeatenMean(Table memory t, bool errors) private pure returns (uint256) {
        for (uint256 r = 0; r < t.steps; ++r) {
            bool beaten = false;
            for (uint256 other = 0; other < t.steps; ++other) {
                uint256 mine = 0;
                uint256 theirs = 0;
                for (uint256 k = 0; k < t.n; ++k) {
                    mine += t.scores[k][r];
                    theirs += t.scores[k][other];
                }
                if (errors ? theirs < mine : theirs > mine) beaten = true;
            }
            if (!beaten) return r + 1;
        }
        revert("all beaten");
    }

    function _firstUnbeatenSpread(Table memory t) private pure returns (uint256) {
        for (uint256 r = 0; r < t.steps; ++r) {
            bool beaten = false;
            for (uint256 other = 0; other < t.steps; ++other) {
                if (_spread(t, other) < _spread(t, r)) beaten = true;
            }
            if (!beaten) return r + 1;
        }
        revert("all beaten");
    }

    /// @dev Sum of squared differences over all pairs: n times the sum of squared deviations from the mean.
    function _spread(Table memory t, uint256 r) private pure returns (uint256 spread) {
        for (uint256 i = 0; i < t.n; ++i) {
            for (uint256 j = i + 1; j < t.n; ++j) {
                uint256 a = t.scores[i][r];
                uint256 b = t.scores[j][r];
                spread += a > b ? (a - b) ** 2 : (b - a) ** 2;
            }
        }
    }

    function testFuzz_AlphaIsTheGridPointRoundedDown(
        uint8 rPick,
        uint8 stepsPick,
        uint16 a,
        uint16 b
    ) external pure {
        uint256 steps = bound(stepsPick, 1, 16);
        uint256 r = bound(rPick, 1, steps);
        uint256 lower = bound(a, 0, 10_000);
        uint256 upper = bound(b, lower, 10_000);
        _checkGrid(
            AlphaSelection.alphaAt(r, steps, lower, upper, AlphaGrid.IncludeUpper),
            r,
            steps,
            lower,
            upper
        );
        _checkGrid(
            AlphaSelection.alphaAt(r, steps, lower, upper, AlphaGrid.IncludeLower),
            r - 1,
            steps,
            lower,
            upper
        );
    }

    /// @dev The greatest alpha with (alpha - lower) * R <= step * (upper - lower).
    function _checkGrid(
        uint256 alpha,
        uint256 step,
        uint256 steps,
        uint256 lower,
        uint256 upper
    ) private pure {
        uint256 expected = lower;
        while ((expected + 1 - lower) * steps <= step * (upper - lower)) ++expected;
        assertEq(alpha, expected);
    }

    function test_GridEnds() external pure {
        assertEq(AlphaSelection.alphaAt(10, 10, 2500, 7500, AlphaGrid.IncludeUpper), 7500);
        assertEq(AlphaSelection.alphaAt(1, 10, 2500, 7500, AlphaGrid.IncludeUpper), 3000);
        assertEq(AlphaSelection.alphaAt(1, 10, 2500, 7500, AlphaGrid.IncludeLower), 2500);
        assertEq(AlphaSelection.alphaAt(10, 10, 2500, 7500, AlphaGrid.IncludeLower), 7000);
        assertEq(AlphaSelection.alphaAt(1, 3, 0, 10_000, AlphaGrid.IncludeUpper), 3333);
    }

    function testFuzz_TargetIsMetByTheMean(
        uint16[8] calldata scores,
        uint8 nPick,
        uint16 targetPick
    ) external pure {
        uint256 n = bound(nPick, 1, 8);
        uint256 target = bound(targetPick, 1, 65_535);
        uint256 sum = 0;
        for (uint256 k = 0; k < n; ++k) sum += scores[k];
        // sum / n >= target holds for the quotient rounded down just as well, <= for the one rounded up.
        require(
            AlphaSelection.meetsTarget(ScoreKind.Accuracy, sum, n, target) == (sum / n >= target),
            "accuracy"
        );
        require(
            AlphaSelection.meetsTarget(ScoreKind.Error, sum, n, target) == ((sum + n - 1) / n <= target),
            "error"
        );
        require(!AlphaSelection.meetsTarget(ScoreKind.Error, sum, n, 0), "no target");
        require(!AlphaSelection.meetsTarget(ScoreKind.Accuracy, sum, n, 0), "no target");
    }
}
