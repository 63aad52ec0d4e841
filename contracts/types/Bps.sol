// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Basis points in a whole: what every ratio of the terms is counted in.
uint256 constant BPS = 10_000;

/// @dev ceil(amount * bps / 10,000): quorums, committees and slashes are never rounded down.
function ceilBps(uint256 amount, uint256 bps) pure returns (uint256) {
    return (amount * bps + BPS - 1) / BPS;
}
