// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakeVaultTypes} from "./IStakeVault.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @notice Types of the task registry.
interface ITaskRegistryTypes {
    enum TaskState {
        None,
        Open,
        Running,
        Completed,
        Aborted,
        Cancelled
    }

    /// @notice Why a task left the state Running.
    enum EndReason {
        None,
        RoundsDone,
        TimeLimit,
        TargetScore,
        HardEnd,
        VoidRounds,
        TooFewNodes
    }

    enum Strategy {
        ArgmaxMean,
        MinVariance
    }

    enum ElectionMode {
        ModelHash,
        ModelHashMixed
    }

    /// @notice Which end of [alphaLower, alphaUpper] the grid includes: r = 1..R (paper) or r = 0..R-1 (prototype).
    enum AlphaGrid {
        IncludeUpper,
        IncludeLower
    }

    /// @notice The model from which the next round's training starts.
    enum TrainingBase {
        Global,
        Personalised
    }

    enum AggregationRule {
        FedAvg,
        Median,
        TrimmedMean,
        Krum,
        MultiKrum
    }

    /// @notice Whether greater scores are better (accuracy in basis points) or lesser ones (scaled error).
    enum ScoreKind {
        Accuracy,
        Error
    }

    /// @notice Everything a publisher fixes; joining is consent to it. Immutable after publication.
    // Terms stand in the order in which people read them; they are written once.
    // solhint-disable-next-line gas-struct-packing
    struct TaskTerms {
        // What is trained
        bytes32 manifestDigest;
        bytes32 initialModelDigest;
        uint32 maxArtifactBytes;
        // Who decides: the only accounts that registry, vault and ledger obey for this task
        address coordinator;
        address arbiter;
        address stakeVault;
        address rewardLedger;
        // Who may join
        uint16 minNodes;
        uint16 maxNodes;
        address stakeToken;
        uint128 minStake;
        // Clock: absolute unix seconds, then durations in seconds
        uint40 startTime;
        uint40 timeLimit;
        uint32 trainingSeconds;
        uint32 fetchSeconds;
        uint32 objectionSeconds;
        uint32 aggregationSeconds;
        uint32 negotiationSeconds;
        uint32 slotSeconds;
        uint32 disputeWindowSeconds;
        uint8 maxAttempts;
        uint8 maxVoidRounds;
        // Rounds and negotiation
        uint32 rounds;
        uint8 negotiationSteps;
        uint16 alphaLowerBps;
        uint16 alphaUpperBps;
        uint16 initialAlphaBps;
        AlphaGrid alphaGrid;
        Strategy strategy;
        TrainingBase trainingBase;
        ElectionMode electionMode;
        uint16 gammaBps;
        uint16 quorumBps;
        AggregationRule aggregationRule;
        uint16 byzantineBound;
        uint32 maxSamples;
        ScoreKind scoreKind;
        uint16 maxScore;
        uint16 targetScore;
        // Reputation, reward, slashing
        uint32 reputationInitial;
        uint32 reputationMax;
        bool strictReputation;
        bool penaliseUnavailable;
        bool penaliseSilent;
        address rewardToken;
        uint128 rewardUnit;
        address slashRecipient;
        uint128 slashBounty;
    }

    /// @notice What changes during a task's life.
    /// @param escrow Reward tokens held for the task.
    /// @param removalCursor How far the registry's list of removed nodes was followed.
    struct TaskStatus {
        address publisher;
        TaskState state;
        EndReason endReason;
        uint32 roundsPlayed;
        uint16 activeCount;
        uint16 memberCount;
        uint40 publishedAt;
        uint40 endedAt;
        uint40 hardEnd;
        uint32 removalCursor;
        uint256 escrow;
    }

    enum MemberStatus {
        None,
        Active,
        Joining,
        Leaving,
        Left
    }

    /// @notice A node's place in a task.
    /// @param position 0-based index into the active array; meaningful while Active or Leaving.
    struct Member {
        uint32 nodeId;
        uint16 memberId;
        uint16 position;
        MemberStatus status;
    }
}

/// @notice Errors of the task registry; one for each term that can be wrong.
interface ITaskRegistryErrors is ITaskRegistryTypes {
    error UnknownTask(TaskId taskId);
    error WrongState(TaskId taskId, TaskState state);
    error NotCoordinator(TaskId taskId, address account);
    error NotRewardLedger(TaskId taskId, address account);
    error NotOperator(NodeId nodeId, address account);
    error NotRegistered(NodeId nodeId);
    error AlreadyMember(TaskId taskId, NodeId nodeId);
    error NotActive(TaskId taskId, NodeId nodeId);
    error TaskFull(TaskId taskId, uint256 maxNodes);
    error RosterFull(TaskId taskId, uint256 maxMembers);
    error QueueFull(TaskId taskId);
    error StakeTooLow(NodeId nodeId, uint256 stake, uint256 minStake);
    error UnbondingTooShort(uint256 unbondingPeriod, uint256 required);
    error NotExpired(TaskId taskId, uint256 timeLimit);
    error TooEarly(TaskId taskId, uint256 startTime);
    error TooLate(TaskId taskId, uint256 timeLimit);
    error TooFewNodes(TaskId taskId, uint256 activeCount, uint256 minNodes);
    error EscrowShort(uint256 received, uint256 required);
    error EscrowTooLarge(uint256 escrow, uint256 max);
    error EscrowExceeded(TaskId taskId, uint256 escrow, uint256 requested);
    error NotAContract(address account);

    error ZeroManifestDigest();
    error ZeroInitialModelDigest();
    error InvalidMaxArtifactBytes(uint256 value);
    error ZeroCoordinator();
    error ZeroArbiter();
    error ZeroStakeVault();
    error ZeroRewardLedger();
    error InvalidNodeBounds(uint256 minNodes, uint256 maxNodes);
    error InvalidStakeToken(address token, uint256 minStake);
    error InvalidStartTime(uint256 startTime);
    error InvalidTimeLimit(uint256 startTime, uint256 timeLimit);
    error InvalidTrainingSeconds(uint256 value);
    error InvalidAggregationSeconds(
        uint256 fetchSeconds,
        uint256 objectionSeconds,
        uint256 aggregationSeconds
    );
    error InvalidNegotiationSeconds(uint256 value);
    error InvalidSlotSeconds(uint256 slotSeconds, uint256 aggregationSeconds);
    error InvalidDisputeWindow(uint256 value);
    error InvalidMaxAttempts(uint256 value);
    error InvalidMaxVoidRounds(uint256 value);
    error InvalidRounds(uint256 value);
    error InvalidNegotiationSteps(uint256 value);
    error InvalidAlphaBounds(uint256 alphaLowerBps, uint256 alphaUpperBps);
    error InvalidInitialAlpha(uint256 initialAlphaBps);
    error InvalidGamma(uint256 gammaBps);
    error InvalidQuorum(uint256 quorumBps);
    error ByzantineBoundTooHigh(uint256 byzantineBound, uint256 guaranteedUpdates, uint256 requiredUpdates);
    error InvalidMaxSamples(uint256 value);
    error InvalidMaxScore(uint256 maxScore);
    error InvalidTargetScore(uint256 targetScore, uint256 maxScore);
    error InvalidReputation(uint256 initial, uint256 max);
    error InvalidRewardToken(address token, uint256 rewardUnit);
    error InvalidSlashing(address slashRecipient, uint256 slashBounty);
}

/// @notice Events of the task registry.
interface ITaskRegistryEvents is ITaskRegistryTypes {
    /// @notice A task can be joined.
    /// @param escrow Reward tokens taken from the publisher.
    /// @param hardEnd Unix seconds after which the
    /// task has ended whatever happened.
    event TaskPublished(
        TaskId indexed taskId,
        address indexed publisher,
        bytes32 indexed manifestDigest,
        uint256 escrow,
        uint256 hardEnd,
        TaskTerms terms
    );

    /// @notice A task's rounds began with so many active nodes.
    event TaskStarted(TaskId indexed taskId, uint256 activeCount);

    /// @notice A running task ended: Completed, or Aborted where rounds or nodes failed it.
    /// @param roundsPlayed Finalised rounds.
    event TaskEnded(TaskId indexed taskId, TaskState state, EndReason reason, uint256 roundsPlayed);

    /// @notice A task ended before its start.
    /// @param refund Reward tokens that went back to the publisher.
    event TaskCancelled(TaskId indexed taskId, uint256 refund);

    /// @notice A node of a running task asked to join or leave; applied at a round's opening.
    event MembershipQueued(TaskId indexed taskId, NodeId indexed nodeId, bool join);

    /// @notice A queued join was withdrawn, or no longer qualified.
    event JoinDropped(TaskId indexed taskId, NodeId indexed nodeId);

    /// @notice A node is active from now on (before the start) or from the round that opens.
    /// @param position Its 0-based index into the
    /// active array.
    event MemberJoined(
        TaskId indexed taskId,
        NodeId indexed nodeId,
        MemberId indexed memberId,
        uint256 position
    );

    /// @notice A node is active no longer.
    /// @param position The index that it leaves free.
    event MemberLeft(
        TaskId indexed taskId,
        NodeId indexed nodeId,
        MemberId indexed memberId,
        uint256 position
    );

    /// @notice Swap with the last: the member that stood last now stands at `to`.
    event MemberMoved(TaskId indexed taskId, MemberId indexed memberId, uint256 from, uint256 to);

    /// @notice The reward ledger paid from a task's escrow: a claim or the publisher's refund.
    event EscrowReleased(TaskId indexed taskId, address indexed to, uint256 amount);
}

/// @title What is asked: task terms, roster, escrow, life cycle.
/// @dev Task ids count from 1. Obeys only the coordinator (life cycle, roster changes) and the reward ledger (payments)
/// that the terms name.
interface ITaskRegistry is ITaskRegistryErrors, ITaskRegistryEvents {
    /// @notice Publishes a task and takes the escrow of the worst case from the caller, its publisher.
    /// @dev *Effects*: the task is Open under the next id, its terms are fixed for ever. Emits TaskPublished.
    /// *Requirements*: every term is valid; a vault that is asked for stake unbonds for longer than the task and its disputes last; the
    /// escrow fits 128 bits and arrives in full, by permit or allowance.
    /// *Reverts*: an error of its own for each wrong term; UnbondingTooShort, NotAContract, EscrowTooLarge, EscrowShort; what the token
    /// reverts with.
    function publish(
        TaskTerms calldata terms,
        IStakeVaultTypes.Permit calldata permit
    ) external returns (TaskId taskId);

    /// @notice Ends an open task and refunds the escrow: the publisher at any time, anyone once the time limit has passed.
    /// @dev *Effects*: the task is Cancelled, its escrow goes to the publisher. Emits TaskCancelled.
    /// *Requirements*: the task is Open; the caller published it, or its time limit has passed.
    /// *Reverts*: UnknownTask, WrongState, NotExpired.
    function cancel(TaskId taskId) external;

    /// @notice Joins the caller's node; before the start at once, later at a round's opening.
    /// @dev *Effects*: the node is active under a member id, the one that it had before if any (MemberJoined), or queued
    /// (MembershipQueued).
    /// *Requirements*: the task is Open before its time limit, or Running; the caller operates the node, a member of the registry that is
    /// not in the task; it has staked minStake in a vault that unbonds slowly enough; there is room.
    /// *Reverts*: UnknownTask, WrongState, TooLate, NotOperator, NotRegistered, AlreadyMember, RosterFull, UnbondingTooShort,
    /// StakeTooLow, TaskFull, QueueFull.
    function joinTask(TaskId taskId, NodeId nodeId) external;

    /// @notice Leaves, or withdraws a queued join.
    /// @dev *Effects*: before the start the node is active no longer (MemberLeft); later it leaves at a round's opening
    /// (MembershipQueued), or its join is dropped (JoinDropped). What it earned stays its own.
    /// *Requirements*: the task is Open before its time limit, or Running; the caller operates the node, which is active or joining.
    /// *Reverts*: UnknownTask, WrongState, TooLate, NotOperator, NotActive, QueueFull.
    function leaveTask(TaskId taskId, NodeId nodeId) external;

    /// @notice Open -> Running; only the coordinator. Follows removals first. Returns the active count.
    /// @dev *Effects*: the task is Running. Emits TaskStarted, and MemberLeft for each of at most 16 removals that is followed.
    /// *Requirements*: the caller is the terms' coordinator; the task is Open, its startTime has come, its time limit has not; minNodes
    /// are active.
    /// *Reverts*: NotCoordinator, UnknownTask, WrongState, TooEarly, TooLate, TooFewNodes.
    function start(TaskId taskId) external returns (uint256 activeCount);

    /// @notice Applies at most 16 membership changes (removals from the registry, then the queue); only the coordinator.
    /// @dev *Effects*: who was removed or asked to leave is active no longer, who asked to join and still qualifies is. Emits MemberLeft,
    /// MemberMoved, MemberJoined, JoinDropped.
    /// *Requirements*: the caller is the terms' coordinator, the task is Running.
    /// *Reverts*: NotCoordinator, UnknownTask, WrongState.
    function applyChanges(TaskId taskId) external returns (uint256 activeCount);

    /// @notice Running -> Completed or Aborted; only the coordinator.
    /// @dev *Effects*: the task has ended for this reason. Emits TaskEnded.
    /// *Requirements*: the caller is the terms' coordinator, the task is Running.
    /// *Reverts*: NotCoordinator, UnknownTask, WrongState.
    function end(TaskId taskId, EndReason reason, uint256 roundsPlayed) external;

    /// @notice Pays from the task's escrow; only the reward ledger.
    /// @dev *Effects*: `amount` less is held for the task, and `to` has it. Emits EscrowReleased.
    /// *Requirements*: the caller is the terms' reward ledger; the escrow holds as much.
    /// *Reverts*: NotRewardLedger, EscrowExceeded; what the token reverts with.
    function release(TaskId taskId, address to, uint256 amount) external;

    /// @notice What the publisher fixed.
    /// @dev *Reverts*: UnknownTask.
    function terms(TaskId taskId) external view returns (TaskTerms memory);

    /// @notice What has changed since.
    /// @dev *Reverts*: UnknownTask.
    function status(TaskId taskId) external view returns (TaskStatus memory);

    /// @notice Tasks ever published; the latest has this id.
    function taskCount() external view returns (uint256);

    /// @notice A node's place in a task; all zero where it never joined.
    function member(TaskId taskId, NodeId nodeId) external view returns (Member memory);

    /// @notice Member id of a node that is active (or leaving at the next opening), else 0.
    function activeMemberId(TaskId taskId, NodeId nodeId) external view returns (MemberId memberId);

    /// @notice The node that has a member id, else 0.
    function nodeIdOfMember(TaskId taskId, MemberId memberId) external view returns (NodeId nodeId);

    /// @notice Member ids in order of position.
    function activeMembers(TaskId taskId) external view returns (uint16[] memory memberIds);

    /// @notice Who stands at a position of the active array.
    /// @dev *Reverts*: with a panic past its end.
    function memberAt(
        TaskId taskId,
        uint256 position
    ) external view returns (MemberId memberId, NodeId nodeId);

    /// @notice Active members as a bitmap: bit memberId - 1.
    function activeBitmap(TaskId taskId) external view returns (uint256[] memory words);

    /// @notice Queued changes not yet applied, in order.
    function queuedChanges(
        TaskId taskId
    ) external view returns (uint32[] memory nodeIds, bool[] memory joins);

    /// @notice The worst case of a task with these terms: sum over t < rounds of maxNodes * min(max, h + t) * unit.
    function escrowFor(TaskTerms calldata terms) external view returns (uint256);
}
