// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {ceilBps} from "../types/Bps.sol";

/// @title How many results a phase needs.
library Quorum {
    /// @notice ceil(quorum * K) over the active set at the opening.
    function size(uint256 quorumBps, uint256 activeCount) internal pure returns (uint256) {
        return ceilBps(activeCount, quorumBps);
    }

    /// @notice Updates without which a rule cannot aggregate: 2f + 3 for the Krum rules, 2f + 1 for the trimmed mean.
    function minimumUpdates(
        ITaskRegistryTypes.AggregationRule rule,
        uint256 byzantineBound
    ) internal pure returns (uint256) {
        if (rule == ITaskRegistryTypes.AggregationRule.TrimmedMean) return 2 * byzantineBound + 1;
        if (
            rule == ITaskRegistryTypes.AggregationRule.Krum ||
            rule == ITaskRegistryTypes.AggregationRule.MultiKrum
        ) return 2 * byzantineBound + 3;
        return 1;
    }
}
