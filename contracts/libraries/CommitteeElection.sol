// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ceilBps} from "../types/Bps.sol";
import {Bitmaps} from "./Bitmaps.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @title Who leads and who attests (paper 1, Eqs. 4 and 5; Algorithm 1, line 18).
library CommitteeElection {
    using Bitmaps for Bitmaps.Set;

    uint256 internal constant MAX_SIZE = 64;
    uint256 internal constant MIN_SIZE = 4;

    /// @notice min(K, 64, max(4, 1 + ceil(gamma K))).
    function size(uint256 activeCount, uint256 gammaBps) internal pure returns (uint256 c) {
        c = 1 + ceilBps(activeCount, gammaBps);
        if (c < MIN_SIZE) c = MIN_SIZE;
        if (c > MAX_SIZE) c = MAX_SIZE;
        if (c > activeCount) c = activeCount;
    }

    /// @notice Signatures needed from a committee of c: floor(2c / 3) + 1; below four members floor(c / 2) + 1.
    function threshold(uint256 c) internal pure returns (uint256) {
        return c < 4 ? c / 2 + 1 : (2 * c) / 3 + 1;
    }

    /// @notice base_t of mode ModelHashMixed; block hash zero means that it was no longer known (past 256 blocks).
    function mixedSeed(
        bytes32 base,
        bytes32 blockHash,
        TaskId taskId,
        uint256 round
    ) internal pure returns (bytes32) {
        if (blockHash == 0) return keccak256(abi.encode(base, taskId, round));
        return keccak256(abi.encode(base, blockHash, taskId, round));
    }

    /// @notice Attempt 0 uses the round's seed, attempt a >= 1 keccak256(seed, a).
    function attemptSeed(bytes32 seed, uint256 attempt) internal pure returns (bytes32) {
        return attempt == 0 ? seed : keccak256(abi.encode(seed, attempt));
    }

    /// @notice L = seed mod K: a position in the active array.
    function leaderPosition(bytes32 seed, uint256 activeCount) internal pure returns (uint256) {
        return uint256(seed) % activeCount;
    }

    /// @notice The first `c` members from the leader's position on, cyclically; attempts >= 1 pass over those that did
    /// not post. Fewer where fewer posted.
    /// @param seed Seed of attempt 0. @param posted Members that posted in this retry.
    function elect(
        ITaskRegistry tasks,
        TaskId taskId,
        bytes32 seed,
        uint256 attempt,
        uint256 activeCount,
        uint256 c,
        Bitmaps.Set storage posted
    ) internal view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds) {
        nodeIds = new NodeId[](c);
        memberIds = new MemberId[](c);
        uint256 position = leaderPosition(attemptSeed(seed, attempt), activeCount);
        uint256 found = 0;
        for (uint256 step = 0; step < activeCount && found < c; ++step) {
            (MemberId memberId, NodeId nodeId) = tasks.memberAt(taskId, position);
            if (attempt == 0 || posted.contains(memberId)) {
                (memberIds[found], nodeIds[found]) = (memberId, nodeId);
                ++found;
            }
            position = position + 1 == activeCount ? 0 : position + 1;
        }
        // Both arrays shrink to what was found.
        assembly ("memory-safe") {
            mstore(nodeIds, found)
            mstore(memberIds, found)
        }
    }
}
