// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRewardLedger} from "../interfaces/IRewardLedger.sol";
import {
    IRoundCoordinatorErrors as Errors,
    IRoundCoordinatorTypes as Types
} from "../interfaces/IRoundCoordinator.sol";
import {ITaskRegistry, ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {TaskId} from "../types/TaskId.sol";
import {Finalisation} from "./Finalisation.sol";
import {Run} from "./Run.sol";
import {RunTerms} from "./RunTerms.sol";

/// @title What follows when a round begins, fails or is complete: one function each.
/// @dev Linked to the coordinator, so that its code stands beside the coordinator's, in whose name it speaks to registries and
/// ledger.
library Transitions {
    using Finalisation for Run.State;
    using Run for Run.State;
    using RunTerms for RunTerms.State;

    /// @notice Starts an open task and opens its first round.
    /// *Reverts*: WrongCoordinator where its terms name another one; as `ITaskRegistry.start` does.
    function start(Run.State storage run, TaskId taskId, ITaskRegistry taskRegistry) external {
        ITaskRegistryTypes.TaskTerms memory terms = taskRegistry.terms(taskId);
        if (terms.coordinator != address(this)) revert Errors.WrongCoordinator(taskId, terms.coordinator);
        uint256 activeCount = taskRegistry.start(taskId);
        ITaskRegistryTypes.TaskStatus memory status = taskRegistry.status(taskId);
        run.terms.take(terms, status.hardEnd);
        run.nameFirst(terms.initialModelDigest, terms.initialAlphaBps);
        run.open(taskId, activeCount, status.memberCount);
    }

    /// @notice Nothing of the round counts: opens a retry of it, or aborts the task after too many in a row.
    function voidRound(
        Run.State storage run,
        TaskId taskId,
        ITaskRegistry taskRegistry,
        Types.VoidReason reason
    ) external {
        uint256 played = run.round - 1;
        if (run.countVoid(taskId, reason)) {
            return _end(run, taskId, taskRegistry, ITaskRegistryTypes.EndReason.VoidRounds, played);
        }
        uint256 activeCount = _gather(run, taskId, taskRegistry, played);
        if (activeCount == 0) return;
        run.nameRetry();
        run.open(taskId, activeCount, taskRegistry.status(taskId).memberCount);
    }

    /// @notice Chooses alpha, records the round, and opens the next one or ends the task.
    function finalise(Run.State storage run, TaskId taskId, ITaskRegistry taskRegistry) external {
        bool targetMet = run.chooseAlpha(taskId);
        (uint256[] memory accepted, uint256[] memory lowered) = run.outcome();
        if (run.lowersSilent()) run.addSilent(lowered, taskRegistry.activeBitmap(taskId));
        uint256 round = run.round;
        IRewardLedger(run.terms.rewardLedger).recordRound(taskId, round, accepted, lowered);

        if (round == run.terms.rounds) {
            return _end(run, taskId, taskRegistry, ITaskRegistryTypes.EndReason.RoundsDone, round);
        }
        if (targetMet) {
            return _end(run, taskId, taskRegistry, ITaskRegistryTypes.EndReason.TargetScore, round);
        }
        uint256 activeCount = _gather(run, taskId, taskRegistry, round);
        if (activeCount == 0) return;
        run.nameNext();
        run.open(taskId, activeCount, taskRegistry.status(taskId).memberCount);
    }

    /// @notice Ends the task as it stands, without the open round.
    function endAtHardEnd(Run.State storage run, TaskId taskId, ITaskRegistry taskRegistry) external {
        _end(run, taskId, taskRegistry, ITaskRegistryTypes.EndReason.HardEnd, run.round - 1);
    }

    /// @dev Applies membership changes for the next opening; ends the task where time or members ran out and then returns 0.
    function _gather(
        Run.State storage run,
        TaskId taskId,
        ITaskRegistry taskRegistry,
        uint256 roundsPlayed
    ) private returns (uint256 activeCount) {
        if (block.timestamp >= run.terms.timeLimit) {
            _end(run, taskId, taskRegistry, ITaskRegistryTypes.EndReason.TimeLimit, roundsPlayed);
            return 0;
        }
        activeCount = taskRegistry.applyChanges(taskId);
        if (activeCount < run.terms.minNodes) {
            _end(run, taskId, taskRegistry, ITaskRegistryTypes.EndReason.TooFewNodes, roundsPlayed);
            return 0;
        }
    }

    function _end(
        Run.State storage run,
        TaskId taskId,
        ITaskRegistry taskRegistry,
        ITaskRegistryTypes.EndReason reason,
        uint256 roundsPlayed
    ) private {
        run.enterPhase(taskId, Types.Phase.Ended);
        taskRegistry.end(taskId, reason, roundsPlayed);
    }
}
