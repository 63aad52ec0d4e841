// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {Quorum} from "../libraries/Quorum.sol";
import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {Test} from "./Test.sol";
import {TaskId} from "../types/TaskId.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";

/// @notice Election against a list that is built whole and then cut.
contract CommitteeElectionTest is Test {
    using Bitmaps for Bitmaps.Set;

    Bitmaps.Set private _posted;
    uint256 private _activeCount;
    uint256 private _shift;

    /// @dev The roster that the election reads (ITaskRegistry.memberAt): member ids in an order of their own.
    function memberAt(TaskId, uint256 position) public view returns (MemberId memberId, NodeId nodeId) {
        require(position < _activeCount, "no such position");
        uint256 number = 1 + ((position + _shift) % _activeCount);
        return (MemberId.wrap(number), NodeId.wrap(5000 + number));
    }

    function testFuzz_CommitteeIsTheFirstEligibleFromTheLeaderOn(
        bytes32 seed,
        uint16 activePick,
        uint16 cPick,
        uint8 attemptPick,
        uint256[4] calldata posted
    ) external {
        _activeCount = bound(activePick, 1, 300);
        _shift = uint256(seed) % 7;
        uint256 c = bound(cPick, 1, _activeCount < 64 ? _activeCount : 64);
        uint256 attempt = attemptPick % 4;
        for (uint256 i = 0; i < 4; ++i) _posted.words[i] = posted[i];

        (NodeId[] memory nodeIds, MemberId[] memory memberIds) = CommitteeElection.elect(
            ITaskRegistry(address(this)),
            TaskId.wrap(1),
            seed,
            attempt,
            _activeCount,
            c,
            _posted
        );
        _checkCommittee(nodeIds, memberIds, seed, attempt, c);
    }

    function _checkCommittee(
        NodeId[] memory nodeIds,
        MemberId[] memory memberIds,
        bytes32 seed,
        uint256 attempt,
        uint256 c
    ) private view {
        uint256 draw = attempt == 0 ? uint256(seed) : uint256(keccak256(abi.encode(seed, attempt)));
        uint256 rank = 0;
        for (uint256 k = 0; k < _activeCount; ++k) {
            (MemberId memberId, NodeId nodeId) = memberAt(
                TaskId.wrap(1),
                addmod(draw % _activeCount, k, _activeCount)
            );
            uint256 bit = MemberId.unwrap(memberId) - 1;
            bool eligible = attempt == 0 || (_posted.words[bit / 256] >> (bit % 256)) & 1 == 1;
            if (!eligible || rank == c) continue;
            assertEq(MemberId.unwrap(memberIds[rank]), MemberId.unwrap(memberId));
            assertEq(NodeId.unwrap(nodeIds[rank]), NodeId.unwrap(nodeId));
            ++rank;
        }
        assertEq(memberIds.length, rank);
        assertEq(nodeIds.length, rank);
    }

    function testFuzz_SizeIsTheSmallestThatTheFormulaAllows(
        uint16 activePick,
        uint16 gammaPick
    ) external pure {
        uint256 active = bound(activePick, 1, 1024);
        uint256 gammaBps = bound(gammaPick, 0, 10_000);
        uint256 others = 0;
        while (others * 10_000 < gammaBps * active) ++others;
        uint256 expected = 1 + others > 4 ? 1 + others : 4;
        if (expected > 64) expected = 64;
        if (expected > active) expected = active;
        assertEq(CommitteeElection.size(active, gammaBps), expected);
    }

    function test_ThresholdIsMoreThanTwoThirdsOrAMajorityBelowFour() external pure {
        for (uint256 c = 1; c <= 64; ++c) {
            uint256 expected = 1;
            while (c < 4 ? 2 * expected <= c : 3 * expected <= 2 * c) ++expected;
            assertEq(CommitteeElection.threshold(c), expected);
        }
        assertEq(CommitteeElection.threshold(1), 1);
        assertEq(CommitteeElection.threshold(2), 2);
        assertEq(CommitteeElection.threshold(4), 3);
        assertEq(CommitteeElection.threshold(64), 43);
    }

    function testFuzz_MixedSeedLeavesAnUnknownBlockHashOut(
        bytes32 base,
        bytes32 blockHash,
        TaskId taskId,
        uint256 round
    ) external pure {
        vm.assume(blockHash != 0);
        require(
            CommitteeElection.mixedSeed(base, blockHash, taskId, round) ==
                keccak256(bytes.concat(base, blockHash, bytes32(TaskId.unwrap(taskId)), bytes32(round))),
            "with block hash"
        );
        require(
            CommitteeElection.mixedSeed(base, 0, taskId, round) ==
                keccak256(bytes.concat(base, bytes32(TaskId.unwrap(taskId)), bytes32(round))),
            "without"
        );
    }

    function testFuzz_QuorumIsTheLeastCountThatReachesTheRatio(
        uint16 activePick,
        uint16 quorumPick
    ) external pure {
        uint256 active = bound(activePick, 1, 1024);
        uint256 quorumBps = bound(quorumPick, 1, 10_000);
        uint256 expected = 0;
        while (expected * 10_000 < quorumBps * active) ++expected;
        assertEq(Quorum.size(quorumBps, active), expected);
    }

    function testFuzz_RulesNeedEnoughUpdatesForTheirBound(uint16 f) external pure {
        assertEq(Quorum.minimumUpdates(ITaskRegistryTypes.AggregationRule.FedAvg, f), 1);
        assertEq(Quorum.minimumUpdates(ITaskRegistryTypes.AggregationRule.Median, f), 1);
        assertEq(
            Quorum.minimumUpdates(ITaskRegistryTypes.AggregationRule.TrimmedMean, f),
            2 * uint256(f) + 1
        );
        assertEq(Quorum.minimumUpdates(ITaskRegistryTypes.AggregationRule.Krum, f), 2 * uint256(f) + 3);
        assertEq(Quorum.minimumUpdates(ITaskRegistryTypes.AggregationRule.MultiKrum, f), 2 * uint256(f) + 3);
    }
}
