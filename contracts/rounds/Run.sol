// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IRoundCoordinatorErrors as Errors,
    IRoundCoordinatorEvents as Events,
    IRoundCoordinatorTypes as Types
} from "../interfaces/IRoundCoordinator.sol";
import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {Quorum} from "../libraries/Quorum.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";
import {RunTerms} from "./RunTerms.sol";

/// @title The state machine of one task's rounds: openings, phases, attempts and their clock.
/// @dev Training -> Aggregation -> Negotiation -> next round; a void round goes back to Training with a higher retry. Asks no
/// other contract, so that it can be driven alone: what members do and what follows for the task stands in the other libraries
/// of this folder.
library Run {
    using PackedScores for PackedScores.Tally;

    /// @dev What the registries said of a node when its update was accepted in this opening, so that its report and its
    /// attestation need not ask them again.
    struct Seat {
        uint32 round;
        uint16 retry;
        uint16 memberId;
        address signer;
    }

    /// @dev A task's present round. The first slot is all that a submission reads of it besides the digests. Bitmaps and tally
    /// keep stale words until the first result of a phase overwrites them, so `postedCount` and the tally's count decide whether
    /// they mean anything.
    struct State {
        Types.Phase phase;
        bool seeded;
        uint32 round;
        uint16 retry;
        uint16 attempt;
        uint16 activeCount;
        uint16 quorum;
        uint16 postedCount;
        uint8 words; // of each bitmap: ceil(memberCount / 256)
        uint40 openedAt;
        uint40 deadline;
        uint40 phaseStart;
        // Second slot
        uint64 sealBlock;
        uint16 alphaBps;
        uint8 attemptsLeft;
        uint8 voidsInRow;
        bytes32 base;
        bytes32 aggregate;
        bytes32 seed;
        Bitmaps.Set posted;
        Bitmaps.Set reported;
        Bitmaps.Set accepted;
        Bitmaps.Set rejected;
        PackedScores.Tally tally;
        RunTerms.State terms;
        mapping(NodeId nodeId => Seat) seats;
    }

    // ------------------------------------------------------------------------------------------------------- openings

    /// @notice Fixes active set, quorum and clock of the round or retry that `self` names, and starts its Training.
    /// @param memberCount Member ids that the task has given so far: what a bitmap has to hold.
    function open(State storage self, TaskId taskId, uint256 activeCount, uint256 memberCount) internal {
        self.activeCount = uint16(activeCount);
        self.quorum = uint16(Quorum.size(self.terms.quorumBps, activeCount));
        self.words = uint8(Bitmaps.wordsFor(memberCount));
        self.openedAt = uint40(block.timestamp);
        self.postedCount = 0;
        self.attemptsLeft = self.terms.maxAttempts - 1;
        self.tally.reset();
        bool mixed = self.terms.electionMode == ITaskRegistryTypes.ElectionMode.ModelHashMixed;
        if (self.retry == 0) {
            self.seeded = false;
            self.sealBlock = mixed ? uint64(block.number) + 1 : 0;
        }
        emit Events.RoundOpened(
            taskId,
            self.round,
            self.retry,
            self.base,
            activeCount,
            self.quorum,
            block.timestamp,
            self.sealBlock
        );
        if (!mixed && self.retry == 0) _setSeed(self, taskId, self.base, 0);
        enterPhase(self, taskId, Types.Phase.Training);
    }

    /// @notice Names the first round.
    function nameFirst(State storage self, bytes32 base, uint16 alphaBps) internal {
        self.round = 1;
        self.base = base;
        self.alphaBps = alphaBps;
    }

    /// @notice Names the round after a finalised one, whose aggregate is its base.
    function nameNext(State storage self) internal {
        ++self.round;
        self.retry = 0;
        self.attempt = 0;
        self.voidsInRow = 0;
        self.base = self.aggregate;
    }

    /// @notice Counts a void round. Nothing of it stays but the attempts that it used.
    /// @return last Whether it is the last of as many in a row as the terms allow.
    function countVoid(
        State storage self,
        TaskId taskId,
        Types.VoidReason reason
    ) internal returns (bool last) {
        uint8 voidsInRow = self.voidsInRow + 1;
        self.voidsInRow = voidsInRow;
        emit Events.RoundVoided(taskId, self.round, self.retry, reason, voidsInRow);
        return voidsInRow == self.terms.maxVoidRounds;
    }

    /// @notice Names the retry of a void round; base and seed stay.
    function nameRetry(State storage self) internal {
        if (self.phase == Types.Phase.Aggregation) ++self.attempt;
        ++self.retry;
    }

    // --------------------------------------------------------------------------------------------------------- phases

    /// @notice The one setter of every phase. No phase outlasts hardEnd, so that a deadline is all that a submission checks.
    function enterPhase(State storage self, TaskId taskId, Types.Phase phase) internal {
        uint256 hardEnd = self.terms.hardEnd;
        uint256 deadline = block.timestamp + _secondsOf(self.terms, phase);
        if (deadline > hardEnd) deadline = hardEnd;
        self.phase = phase;
        self.phaseStart = uint40(block.timestamp);
        self.deadline = uint40(deadline);
        emit Events.PhaseEntered(
            taskId,
            self.round,
            phase,
            self.retry,
            self.attempt,
            block.timestamp,
            deadline
        );
    }

    /// @notice Goes on to the next attempt, where one is left.
    function nextAttempt(State storage self, TaskId taskId) internal returns (bool isLeft) {
        if (self.attemptsLeft == 0) return false;
        --self.attemptsLeft;
        ++self.attempt;
        enterPhase(self, taskId, Types.Phase.Aggregation);
        return true;
    }

    /// @notice Whether the task has begun and not ended.
    function isRunning(State storage self) internal view returns (bool) {
        return self.phase != Types.Phase.None && self.phase != Types.Phase.Ended;
    }

    /// @notice Reverts with NotRunning before the start and after the end.
    function requireRunning(State storage self, TaskId taskId) internal view {
        if (!isRunning(self)) revert Errors.NotRunning(taskId);
    }

    /// @notice Whether the phase's deadline has passed.
    function isDue(State storage self) internal view returns (bool) {
        return isRunning(self) && block.timestamp >= self.deadline;
    }

    /// @notice What every submission starts with: the right phase of the right opening, before its deadline, the seed sealed.
    function beginSubmission(
        State storage self,
        TaskId taskId,
        Types.Phase phase,
        uint256 round,
        uint256 retry
    ) internal {
        requireRunning(self, taskId);
        if (round != self.round || retry != self.retry) {
            revert Errors.WrongRound(taskId, self.round, self.retry);
        }
        if (self.phase != phase) revert Errors.WrongPhase(taskId, self.phase);
        if (block.timestamp >= self.deadline) revert Errors.PhaseOver(taskId, self.deadline);
        seal(self, taskId);
    }

    /// @notice What every call starts with that moves a phase at its deadline.
    function beginAdvance(State storage self, TaskId taskId) internal {
        requireRunning(self, taskId);
        seal(self, taskId);
        if (block.timestamp < self.deadline) revert Errors.NotDue(taskId, self.deadline);
    }

    // ------------------------------------------------------------------------------------------------------- election

    /// @notice Seals the seed as soon as the hash of the seal block can be known; past 256 blocks that hash reads zero.
    function seal(State storage self, TaskId taskId) internal {
        if (self.seeded || block.number <= self.sealBlock) return;
        bytes32 blockHash = blockhash(self.sealBlock);
        _setSeed(self, taskId, _mixedSeed(self, taskId, blockHash), blockHash);
    }

    /// @notice The seed of attempt 0, sealed or as it would be sealed now. Reverts with SeedNotReady before that.
    function seedOf(State storage self, TaskId taskId) internal view returns (bytes32) {
        if (self.seeded) return self.seed;
        if (block.number <= self.sealBlock) revert Errors.SeedNotReady(taskId, self.sealBlock);
        return _mixedSeed(self, taskId, blockhash(self.sealBlock));
    }

    /// @notice Seats of each attempt's committee.
    function committeeSize(State storage self) internal view returns (uint256) {
        return CommitteeElection.size(self.activeCount, self.terms.gammaBps);
    }

    function _setSeed(State storage self, TaskId taskId, bytes32 seed, bytes32 blockHash) private {
        self.seeded = true;
        self.seed = seed;
        emit Events.SeedSealed(taskId, self.round, seed, blockHash);
    }

    function _mixedSeed(State storage self, TaskId taskId, bytes32 blockHash) private view returns (bytes32) {
        return CommitteeElection.mixedSeed(self.base, blockHash, taskId, self.round);
    }

    /// @dev How long a phase lasts at most; the end has no duration.
    function _secondsOf(RunTerms.State storage terms, Types.Phase phase) private view returns (uint256) {
        if (phase == Types.Phase.Training) return terms.trainingSeconds;
        if (phase == Types.Phase.Aggregation) return terms.aggregationSeconds;
        if (phase == Types.Phase.Negotiation) return terms.negotiationSeconds;
        return 0;
    }
}
