// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReputationRule} from "../libraries/ReputationRule.sol";
import {RewardSchedule} from "../libraries/RewardSchedule.sol";
import {Test} from "./Test.sol";

/// @notice The escrow's closed form and the reputation rule against what they stand for, done step by step.
contract RewardScheduleTest is Test {
    function testFuzz_closedFormEqualsTheSum(uint256 rounds, uint256 initial, uint256 max) external pure {
        rounds = bound(rounds, 0, 300);
        max = bound(max, 1, 400);
        initial = bound(initial, 0, max);
        uint256 sum = 0;
        for (uint256 t = 0; t < rounds; ++t) sum += initial + t < max ? initial + t : max;
        assertEq(RewardSchedule.worstCaseReputation(rounds, initial, max), sum);
    }

    /// @dev No run of outcomes earns more than the worst case, and reputation never leaves [0, max].
    function testFuzz_noOutcomesBeatTheWorstCase(
        uint256 outcomes,
        uint256 initial,
        uint256 max,
        bool strict
    ) external pure {
        max = bound(max, 1, 40);
        initial = bound(initial, 0, max);
        uint256 reputation = initial;
        uint256 earned = 0;
        for (uint256 t = 0; t < 80; ++t) {
            uint256 outcome = (outcomes >> (3 * t)) & 7;
            uint256 next = reputation;
            if (outcome < 4) {
                earned += reputation;
                next = ReputationRule.raised(reputation, max);
            } else if (outcome < 6) {
                next = ReputationRule.lowered(reputation, initial, strict);
            }
            assertEq(next, _asInThePaper(reputation, outcome < 4, outcome < 6, initial, max, strict));
            reputation = next;
            if (reputation > max) revert NotEq(reputation, max);
            uint256 most = RewardSchedule.worstCaseReputation(t + 1, initial, max);
            if (earned > most) revert NotEq(earned, most);
        }
    }

    /// @dev Paper 2, Eq. 2, case by case.
    function _asInThePaper(
        uint256 rep,
        bool high,
        bool any,
        uint256 h,
        uint256 max,
        bool strict
    ) private pure returns (uint256) {
        if (!any) return rep;
        if (high && rep >= h) return rep + 1 < max ? rep + 1 : max;
        if (!high && rep >= h + 1) return rep - 1;
        if (!high && rep == h) return 0;
        if (!high && strict) return rep;
        return rep + 1;
    }
}
