// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A node's number in one task, from 1 in order of joining (the paper's 1..K); kept when it leaves, never used again.
type MemberId is uint256;

using {isNoMember} for MemberId global;

/// @dev 0 stands for no member.
function isNoMember(MemberId memberId) pure returns (bool) {
    return MemberId.unwrap(memberId) == 0;
}
