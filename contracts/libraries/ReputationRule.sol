// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title How a member's reputation follows its updates (paper 2, Eq. 2).
/// @dev H = accepted, L = lowered (rejected, or absent where the terms penalise it).
library ReputationRule {
    /// @notice Reputation after a round with outcome H.
    /// @param max Upper bound, at least the initial reputation h.
    function raised(uint256 reputation, uint256 max) internal pure returns (uint256) {
        return reputation < max ? reputation + 1 : max;
    }

    /// @notice Reputation after a round with outcome L.
    /// @param initial h: a node at h falls to 0, one above h falls by one.
    /// @param strict Whether a node below h stays where it is; as the paper has it, it climbs even then.
    function lowered(uint256 reputation, uint256 initial, bool strict) internal pure returns (uint256) {
        if (reputation > initial) return reputation - 1;
        if (reputation == initial) return 0;
        return strict ? reputation : reputation + 1;
    }
}
