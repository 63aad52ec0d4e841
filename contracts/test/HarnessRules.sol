// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry, ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {AlphaSelection} from "../libraries/AlphaSelection.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {Quorum} from "../libraries/Quorum.sol";
import {ReputationRule} from "../libraries/ReputationRule.sol";
import {RewardSchedule} from "../libraries/RewardSchedule.sol";
import {TermsValidation} from "../libraries/TermsValidation.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @notice Exposes the pure rules to the tests that compare them with their TypeScript twins.
contract HarnessRules {
    using Bitmaps for Bitmaps.Set;
    using PackedScores for PackedScores.Tally;
    using TermsValidation for ITaskRegistryTypes.TaskTerms;

    uint256[] private _active;
    Bitmaps.Set private _posted;

    function alphaAt(
        uint256 r,
        uint256 steps,
        uint256 lowerBps,
        uint256 upperBps,
        ITaskRegistryTypes.AlphaGrid grid
    ) external pure returns (uint256) {
        return AlphaSelection.alphaAt(r, steps, lowerBps, upperBps, grid);
    }

    /// @notice Counts reports, then selects: n, S, Q, r* and whether the target is met there.
    function negotiate(
        uint256[] calldata reports,
        uint256 steps,
        ITaskRegistryTypes.Strategy strategy,
        ITaskRegistryTypes.ScoreKind kind,
        uint256 target
    )
        external
        pure
        returns (uint256 n, uint256[] memory sums, uint256[] memory squares, uint256 index, bool met)
    {
        PackedScores.Tally memory tally;
        for (uint256 i = 0; i < reports.length; ++i) tally.add(reports[i], steps);
        n = tally.countOf();
        (sums, squares) = tally.unpack(steps);
        index = AlphaSelection.select(strategy, kind, sums, squares, n);
        met = AlphaSelection.meetsTarget(kind, sums[index - 1], n, target);
    }

    function isValid(uint256 scores, uint256 steps, uint256 maxScore) external pure returns (bool) {
        return PackedScores.isValid(scores, steps, maxScore);
    }

    function mixedSeed(
        bytes32 base,
        bytes32 blockHash,
        TaskId taskId,
        uint256 round
    ) external pure returns (bytes32) {
        return CommitteeElection.mixedSeed(base, blockHash, taskId, round);
    }

    /// @notice Elects over these members, whose node ids are their member ids + 1000; called statically.
    function elect(
        bytes32 seed,
        uint256 attempt,
        uint256[] calldata active,
        uint256[] calldata posted,
        uint256 gammaBps
    ) external returns (NodeId[] memory nodeIds, MemberId[] memory memberIds, uint256 threshold) {
        _active = active;
        for (uint256 i = 0; i < posted.length; ++i) _posted.add(MemberId.wrap(posted[i]));
        (nodeIds, memberIds) = CommitteeElection.elect(
            ITaskRegistry(address(this)),
            TaskId.wrap(0),
            seed,
            attempt,
            active.length,
            CommitteeElection.size(active.length, gammaBps),
            _posted
        );
        threshold = CommitteeElection.threshold(memberIds.length);
    }

    /// @dev What the election asks the task registry.
    function memberAt(uint256, uint256 position) external view returns (MemberId memberId, NodeId nodeId) {
        uint256 number = _active[position];
        return (MemberId.wrap(number), NodeId.wrap(number + 1000));
    }

    function quorum(uint256 quorumBps, uint256 activeCount) external pure returns (uint256) {
        return Quorum.size(quorumBps, activeCount);
    }

    function minimumUpdates(
        ITaskRegistryTypes.AggregationRule rule,
        uint256 byzantineBound
    ) external pure returns (uint256) {
        return Quorum.minimumUpdates(rule, byzantineBound);
    }

    function wordsFor(uint256 memberCount) external pure returns (uint256) {
        return Bitmaps.wordsFor(memberCount);
    }

    function count(uint256[] calldata words) external pure returns (uint256) {
        return Bitmaps.count(words);
    }

    function raised(uint256 reputation, uint256 max) external pure returns (uint256) {
        return ReputationRule.raised(reputation, max);
    }

    function lowered(uint256 reputation, uint256 initial, bool strict) external pure returns (uint256) {
        return ReputationRule.lowered(reputation, initial, strict);
    }

    function worstCaseReputation(
        uint256 rounds,
        uint256 initial,
        uint256 max
    ) external pure returns (uint256) {
        return RewardSchedule.worstCaseReputation(rounds, initial, max);
    }

    function validate(ITaskRegistryTypes.TaskTerms calldata terms) external view {
        ITaskRegistryTypes.TaskTerms memory copy = terms;
        copy.validate();
    }
}
