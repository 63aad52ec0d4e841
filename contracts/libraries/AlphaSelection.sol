// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";

/// @title Which alpha a round's reports choose (paper 1, Eqs. 8 and 9: strategies A and B).
/// @dev Exact integers; ties go to the smallest r.
library AlphaSelection {
    /// @notice alpha_r in basis points for r = 1..R, rounded down: lower + r (upper - lower) / R, or with r - 1 for r on
    /// the grid that includes the lower bound.
    function alphaAt(
        uint256 r,
        uint256 steps,
        uint256 lowerBps,
        uint256 upperBps,
        ITaskRegistryTypes.AlphaGrid grid
    ) internal pure returns (uint256) {
        uint256 step = grid == ITaskRegistryTypes.AlphaGrid.IncludeUpper ? r : r - 1;
        return lowerBps + (step * (upperBps - lowerBps)) / steps;
    }

    /// @notice r* in 1..R.
    /// @param sums S_r at index r - 1; @param squares Q_r at index r - 1; @param n Number of reports.
    function select(
        ITaskRegistryTypes.Strategy strategy,
        ITaskRegistryTypes.ScoreKind kind,
        uint256[] memory sums,
        uint256[] memory squares,
        uint256 n
    ) internal pure returns (uint256) {
        if (strategy == ITaskRegistryTypes.Strategy.MinVariance && n >= 2)
            return minVariance(sums, squares, n);
        return bestMean(kind, sums);
    }

    /// @notice The greatest sum of accuracies, or the least sum of errors.
    function bestMean(
        ITaskRegistryTypes.ScoreKind kind,
        uint256[] memory sums
    ) internal pure returns (uint256) {
        bool greater = kind == ITaskRegistryTypes.ScoreKind.Accuracy;
        uint256 best = 0;
        for (uint256 i = 1; i < sums.length; ++i) {
            if (greater ? sums[i] > sums[best] : sums[i] < sums[best]) best = i;
        }
        return best + 1;
    }

    /// @notice The least n Q_r - S_r^2, which is n^2 times the variance.
    function minVariance(
        uint256[] memory sums,
        uint256[] memory squares,
        uint256 n
    ) internal pure returns (uint256 best) {
        uint256 least = type(uint256).max;
        for (uint256 i = 0; i < sums.length; ++i) {
            uint256 spread = n * squares[i] - sums[i] * sums[i];
            if (spread < least) (least, best) = (spread, i + 1);
        }
    }

    /// @notice Whether the mean score at r* reaches the target: S against target * n. Target 0: none.
    function meetsTarget(
        ITaskRegistryTypes.ScoreKind kind,
        uint256 sum,
        uint256 n,
        uint256 target
    ) internal pure returns (bool) {
        if (target == 0) return false;
        return kind == ITaskRegistryTypes.ScoreKind.Accuracy ? sum >= target * n : sum <= target * n;
    }
}
