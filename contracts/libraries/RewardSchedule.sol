// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The most that members can earn: what a task's escrow has to cover.
library RewardSchedule {
    /// @notice Greatest sum of reputations at the start of rounds 0 .. `rounds` - 1 of one member that is accepted in all:
    /// e(rounds) = sum_{t=0}^{rounds-1} min(max, initial + t), in closed form.
    /// @param initial Reputation h at the start, at most `max`.
    function worstCaseReputation(
        uint256 rounds,
        uint256 initial,
        uint256 max
    ) internal pure returns (uint256 sum) {
        uint256 climbing = max - initial;
        if (climbing > rounds) climbing = rounds;
        sum = climbing * initial + (rounds - climbing) * max;
        if (climbing > 1) sum += (climbing * (climbing - 1)) / 2;
    }
}
