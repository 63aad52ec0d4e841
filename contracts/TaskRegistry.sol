// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IStakeVault, IStakeVaultTypes} from "./interfaces/IStakeVault.sol";
import {ITaskRegistry} from "./interfaces/ITaskRegistry.sol";
import {Bitmaps} from "./libraries/Bitmaps.sol";
import {MembershipQueue} from "./libraries/MembershipQueue.sol";
import {PermitTrial} from "./libraries/PermitTrial.sol";
import {RewardSchedule} from "./libraries/RewardSchedule.sol";
import {TermsValidation} from "./libraries/TermsValidation.sol";
import {MemberId} from "./types/MemberId.sol";
import {NodeId} from "./types/NodeId.sol";
import {TaskId} from "./types/TaskId.sol";

/// @title What is asked: task terms, roster, escrow, life cycle.
/// @dev Holds the escrow of every task. Terms are immutable; no account has powers beyond those that a task's terms name.
contract TaskRegistry is ITaskRegistry, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using Bitmaps for Bitmaps.Set;
    using MembershipQueue for MembershipQueue.State;
    using TermsValidation for TaskTerms;

    /// @notice Member ids a task can give: bitmaps have four words at most.
    uint256 public constant MAX_MEMBERS = 1024;
    /// @notice Membership changes in one call: bounds the gas of a round's opening.
    uint256 public constant MAX_CHANGES = 16;
    uint256 public constant MAX_QUEUE = 256;

    /// @param active Member ids by position.
    /// @param activeSet The same members as a set, so that reading it costs O(words) rather than O(K).
    /// @param nodes Node ids by member id - 1.
    struct Task {
        TaskTerms terms;
        TaskStatus status;
        uint16[] active;
        Bitmaps.Set activeSet;
        uint32[] nodes;
        mapping(NodeId nodeId => Member member) members;
        MembershipQueue.State queue;
    }

    INodeRegistry public immutable nodeRegistry;

    /// @inheritdoc ITaskRegistry
    uint256 public taskCount;
    mapping(TaskId taskId => Task task) private _tasks;

    modifier onlyCoordinator(TaskId taskId) {
        if (msg.sender != _tasks[taskId].terms.coordinator) revert NotCoordinator(taskId, msg.sender);
        _;
    }

    constructor(INodeRegistry nodeRegistry_) {
        if (address(nodeRegistry_).code.length == 0) revert NotAContract(address(nodeRegistry_));
        nodeRegistry = nodeRegistry_;
    }

    /// @inheritdoc ITaskRegistry
    function publish(
        TaskTerms calldata terms_,
        IStakeVaultTypes.Permit calldata permit
    ) external nonReentrant returns (TaskId taskId) {
        TaskTerms memory copy = terms_;
        copy.validate();
        uint256 escrow = _escrowOf(copy);
        if (escrow > type(uint128).max) revert EscrowTooLarge(escrow, type(uint128).max);

        taskId = TaskId.wrap(++taskCount);
        Task storage task = _tasks[taskId];
        task.terms = copy;
        TaskStatus storage state = task.status;
        state.publisher = msg.sender;
        state.state = TaskState.Open;
        state.publishedAt = uint40(block.timestamp);
        state.hardEnd = _hardEndOf(copy);
        state.removalCursor = uint32(nodeRegistry.removalCount());
        state.escrow = escrow;
        _checkUnbonding(task);
        emit TaskPublished(taskId, msg.sender, copy.manifestDigest, escrow, state.hardEnd, copy);

        if (escrow != 0) _takeEscrow(copy.rewardToken, escrow, permit);
    }

    /// @inheritdoc ITaskRegistry
    function cancel(TaskId taskId) external nonReentrant {
        Task storage task = _require(taskId, TaskState.Open);
        TaskStatus storage state = task.status;
        uint256 timeLimit = task.terms.timeLimit;
        if (msg.sender != state.publisher && block.timestamp < timeLimit)
            revert NotExpired(taskId, timeLimit);

        uint256 escrow = state.escrow;
        state.state = TaskState.Cancelled;
        state.endedAt = uint40(block.timestamp);
        state.escrow = 0;
        emit TaskCancelled(taskId, escrow);
        if (escrow != 0) IERC20(task.terms.rewardToken).safeTransfer(state.publisher, escrow);
    }

    /// @inheritdoc ITaskRegistry
    function joinTask(TaskId taskId, NodeId nodeId) external {
        Task storage task = _requireJoinable(taskId);
        _checkOperator(nodeId);
        if (!nodeRegistry.isMember(nodeId)) revert NotRegistered(nodeId);
        MemberStatus current = task.members[nodeId].status;
        if (current != MemberStatus.None && current != MemberStatus.Left)
            revert AlreadyMember(taskId, nodeId);
        if (task.members[nodeId].memberId == 0 && task.nodes.length == MAX_MEMBERS) {
            revert RosterFull(taskId, MAX_MEMBERS);
        }
        _checkUnbonding(task);
        uint256 stake = _stakeOf(task, nodeId);
        if (stake < task.terms.minStake) revert StakeTooLow(nodeId, stake, task.terms.minStake);

        if (task.status.state == TaskState.Running) {
            _enqueue(taskId, nodeId, MemberStatus.Joining);
        } else {
            if (task.active.length >= task.terms.maxNodes) revert TaskFull(taskId, task.terms.maxNodes);
            _activate(taskId, nodeId);
        }
    }

    /// @inheritdoc ITaskRegistry
    function leaveTask(TaskId taskId, NodeId nodeId) external {
        Task storage task = _requireJoinable(taskId);
        _checkOperator(nodeId);
        Member storage self = task.members[nodeId];
        if (self.status == MemberStatus.Joining) {
            self.status = self.memberId == 0 ? MemberStatus.None : MemberStatus.Left;
            emit JoinDropped(taskId, nodeId);
        } else if (self.status != MemberStatus.Active) {
            revert NotActive(taskId, nodeId);
        } else if (task.status.state == TaskState.Running) {
            _enqueue(taskId, nodeId, MemberStatus.Leaving);
        } else {
            _deactivate(taskId, nodeId);
        }
    }

    /// @inheritdoc ITaskRegistry
    function start(TaskId taskId) external onlyCoordinator(taskId) returns (uint256 activeCount) {
        Task storage task = _require(taskId, TaskState.Open);
        if (block.timestamp < task.terms.startTime) revert TooEarly(taskId, task.terms.startTime);
        if (block.timestamp >= task.terms.timeLimit) revert TooLate(taskId, task.terms.timeLimit);
        _followRemovals(taskId);
        activeCount = task.active.length;
        if (activeCount < task.terms.minNodes) revert TooFewNodes(taskId, activeCount, task.terms.minNodes);

        task.status.state = TaskState.Running;
        emit TaskStarted(taskId, activeCount);
    }

    /// @inheritdoc ITaskRegistry
    function applyChanges(TaskId taskId) external onlyCoordinator(taskId) returns (uint256 activeCount) {
        Task storage task = _require(taskId, TaskState.Running);
        uint256 steps = _followRemovals(taskId);
        MembershipQueue.State storage queue = task.queue;
        for (; steps < MAX_CHANGES && queue.length() != 0; ++steps) _applyQueued(taskId, queue.dequeue());
        return task.active.length;
    }

    /// @inheritdoc ITaskRegistry
    function end(TaskId taskId, EndReason reason, uint256 roundsPlayed) external onlyCoordinator(taskId) {
        TaskStatus storage state = _require(taskId, TaskState.Running).status;
        bool aborted = reason == EndReason.VoidRounds || reason == EndReason.TooFewNodes;
        state.state = aborted ? TaskState.Aborted : TaskState.Completed;
        state.endReason = reason;
        state.roundsPlayed = uint32(roundsPlayed);
        state.endedAt = uint40(block.timestamp);
        emit TaskEnded(taskId, state.state, reason, roundsPlayed);
    }

    /// @inheritdoc ITaskRegistry
    function release(TaskId taskId, address to, uint256 amount) external nonReentrant {
        Task storage task = _tasks[taskId];
        if (msg.sender != task.terms.rewardLedger) revert NotRewardLedger(taskId, msg.sender);
        uint256 escrow = task.status.escrow;
        if (amount > escrow) revert EscrowExceeded(taskId, escrow, amount);
        task.status.escrow = escrow - amount;
        emit EscrowReleased(taskId, to, amount);
        IERC20(task.terms.rewardToken).safeTransfer(to, amount);
    }

    /// @inheritdoc ITaskRegistry
    function terms(TaskId taskId) external view returns (TaskTerms memory) {
        return _known(taskId).terms;
    }

    /// @inheritdoc ITaskRegistry
    function status(TaskId taskId) external view returns (TaskStatus memory result) {
        Task storage task = _known(taskId);
        result = task.status;
        result.activeCount = uint16(task.active.length);
        result.memberCount = uint16(task.nodes.length);
    }

    /// @inheritdoc ITaskRegistry
    function member(TaskId taskId, NodeId nodeId) external view returns (Member memory) {
        return _tasks[taskId].members[nodeId];
    }

    /// @inheritdoc ITaskRegistry
    function activeMemberId(TaskId taskId, NodeId nodeId) external view returns (MemberId memberId) {
        Member storage self = _tasks[taskId].members[nodeId];
        return MemberId.wrap(_isActive(self.status) ? self.memberId : 0);
    }

    /// @inheritdoc ITaskRegistry
    function nodeIdOfMember(TaskId taskId, MemberId memberId) external view returns (NodeId nodeId) {
        uint32[] storage nodes = _tasks[taskId].nodes;
        uint256 number = MemberId.unwrap(memberId);
        return NodeId.wrap(number == 0 || number > nodes.length ? 0 : nodes[number - 1]);
    }

    /// @inheritdoc ITaskRegistry
    function activeMembers(TaskId taskId) external view returns (uint16[] memory memberIds) {
        return _tasks[taskId].active;
    }

    /// @inheritdoc ITaskRegistry
    function memberAt(
        TaskId taskId,
        uint256 position
    ) external view returns (MemberId memberId, NodeId nodeId) {
        Task storage task = _tasks[taskId];
        uint256 number = task.active[position];
        return (MemberId.wrap(number), NodeId.wrap(task.nodes[number - 1]));
    }

    /// @inheritdoc ITaskRegistry
    function activeBitmap(TaskId taskId) external view returns (uint256[] memory words) {
        Task storage task = _tasks[taskId];
        return task.activeSet.load(Bitmaps.wordsFor(task.nodes.length));
    }

    /// @inheritdoc ITaskRegistry
    function queuedChanges(
        TaskId taskId
    ) external view returns (uint32[] memory nodeIds, bool[] memory joins) {
        Task storage task = _tasks[taskId];
        nodeIds = task.queue.list();
        joins = new bool[](nodeIds.length);
        uint256 kept = 0;
        for (uint256 i = 0; i < nodeIds.length; ++i) {
            MemberStatus wanted = task.members[NodeId.wrap(nodeIds[i])].status;
            if (wanted != MemberStatus.Joining && wanted != MemberStatus.Leaving) continue;
            nodeIds[kept] = nodeIds[i];
            joins[kept++] = wanted == MemberStatus.Joining;
        }
        // Shortens both arrays to what was kept.
        assembly ("memory-safe") {
            mstore(nodeIds, kept)
            mstore(joins, kept)
        }
    }

    /// @inheritdoc ITaskRegistry
    function escrowFor(TaskTerms calldata terms_) external pure returns (uint256) {
        return _escrowOf(terms_);
    }

    function _known(TaskId taskId) private view returns (Task storage task) {
        task = _tasks[taskId];
        if (task.status.state == TaskState.None) revert UnknownTask(taskId);
    }

    function _require(TaskId taskId, TaskState required) private view returns (Task storage task) {
        task = _known(taskId);
        if (task.status.state != required) revert WrongState(taskId, task.status.state);
    }

    function _requireJoinable(TaskId taskId) private view returns (Task storage task) {
        task = _known(taskId);
        TaskState state = task.status.state;
        if (state != TaskState.Open && state != TaskState.Running) revert WrongState(taskId, state);
        if (block.timestamp >= task.terms.timeLimit && state == TaskState.Open) {
            revert TooLate(taskId, task.terms.timeLimit);
        }
    }

    function _checkOperator(NodeId nodeId) private view {
        if (nodeRegistry.operatorOf(nodeId) != msg.sender) revert NotOperator(nodeId, msg.sender);
    }

    /// @dev Stake that starts to unbond now must stay slashable until the task's last dispute.
    function _checkUnbonding(Task storage task) private view {
        if (task.terms.minStake == 0) return;
        address vault = task.terms.stakeVault;
        if (vault.code.length == 0) revert NotAContract(vault);
        uint256 disputesEnd = uint256(task.status.hardEnd) + task.terms.disputeWindowSeconds;
        uint256 required = disputesEnd > block.timestamp ? disputesEnd - block.timestamp : 0;
        uint256 period = IStakeVault(vault).unbondingPeriod();
        if (period <= required) revert UnbondingTooShort(period, required);
    }

    function _stakeOf(Task storage task, NodeId nodeId) private view returns (uint256) {
        if (task.terms.minStake == 0) return 0;
        return IStakeVault(task.terms.stakeVault).stakeOf(nodeId, task.terms.stakeToken);
    }

    /// @dev Tokens that keep a fee fail here: rewards are promised in full.
    function _takeEscrow(address token, uint256 escrow, IStakeVaultTypes.Permit calldata permit) private {
        PermitTrial.tryPermit(token, escrow, permit);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), escrow);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received < escrow) revert EscrowShort(received, escrow);
    }

    function _enqueue(TaskId taskId, NodeId nodeId, MemberStatus wanted) private {
        Task storage task = _tasks[taskId];
        if (!task.queue.contains(nodeId) && task.queue.length() >= MAX_QUEUE) revert QueueFull(taskId);
        task.members[nodeId].nodeId = uint32(NodeId.unwrap(nodeId));
        task.members[nodeId].status = wanted;
        task.queue.enqueue(nodeId);
        emit MembershipQueued(taskId, nodeId, wanted == MemberStatus.Joining);
    }

    /// @dev What the node still wants is its status; a join withdrawn meanwhile or a node removed meanwhile is a step without effect.
    function _applyQueued(TaskId taskId, NodeId nodeId) private {
        Task storage task = _tasks[taskId];
        Member storage self = task.members[nodeId];
        if (self.status == MemberStatus.Leaving) {
            _deactivate(taskId, nodeId);
        } else if (self.status == MemberStatus.Joining) {
            bool hasPlace =
                task.active.length < task.terms.maxNodes &&
                    (self.memberId != 0 || task.nodes.length < MAX_MEMBERS);
            if (hasPlace && nodeRegistry.isMember(nodeId) && _stakeOf(task, nodeId) >= task.terms.minStake) {
                _activate(taskId, nodeId);
            } else {
                self.status = self.memberId == 0 ? MemberStatus.None : MemberStatus.Left;
                emit JoinDropped(taskId, nodeId);
            }
        }
    }

    /// @dev Each entry of the registry's list costs a step, whether the node is a member here or not.
    function _followRemovals(TaskId taskId) private returns (uint256 steps) {
        Task storage task = _tasks[taskId];
        uint256 cursor = task.status.removalCursor;
        uint256 count = nodeRegistry.removalCount();
        for (; steps < MAX_CHANGES && cursor < count; ++steps) {
            NodeId nodeId = nodeRegistry.removedNode(cursor++);
            if (_isActive(task.members[nodeId].status)) _deactivate(taskId, nodeId);
        }
        task.status.removalCursor = uint32(cursor);
    }

    function _activate(TaskId taskId, NodeId nodeId) private {
        Task storage task = _tasks[taskId];
        Member storage self = task.members[nodeId];
        if (self.memberId == 0) {
            task.nodes.push(uint32(NodeId.unwrap(nodeId)));
            self.nodeId = uint32(NodeId.unwrap(nodeId));
            self.memberId = uint16(task.nodes.length);
        }
        self.position = uint16(task.active.length);
        self.status = MemberStatus.Active;
        task.active.push(self.memberId);
        MemberId memberId = MemberId.wrap(self.memberId);
        task.activeSet.add(memberId);
        emit MemberJoined(taskId, nodeId, memberId, self.position);
    }

    /// @dev The member that stands last takes the free position.
    function _deactivate(TaskId taskId, NodeId nodeId) private {
        Task storage task = _tasks[taskId];
        Member storage self = task.members[nodeId];
        self.status = MemberStatus.Left;
        uint256 position = self.position;
        MemberId memberId = MemberId.wrap(self.memberId);
        emit MemberLeft(taskId, nodeId, memberId, position);

        uint256 last = task.active.length - 1;
        if (position != last) {
            uint16 moved = task.active[last];
            task.active[position] = moved;
            task.members[NodeId.wrap(task.nodes[moved - 1])].position = uint16(position);
            emit MemberMoved(taskId, MemberId.wrap(moved), last, position);
        }
        task.active.pop();
        task.activeSet.remove(memberId);
    }

    function _isActive(MemberStatus memberStatus) private pure returns (bool) {
        return memberStatus == MemberStatus.Active || memberStatus == MemberStatus.Leaving;
    }

    /// @dev The time limit and the longest round that can have begun before it.
    function _hardEndOf(TaskTerms memory terms_) private pure returns (uint40) {
        uint256 longest =
            uint256(terms_.trainingSeconds) +
                uint256(terms_.maxAttempts) * terms_.aggregationSeconds +
                terms_.negotiationSeconds;
        return uint40(terms_.timeLimit + longest);
    }

    function _escrowOf(TaskTerms memory terms_) private pure returns (uint256) {
        uint256 reputation = RewardSchedule.worstCaseReputation(
            terms_.rounds,
            terms_.reputationInitial,
            terms_.reputationMax
        );
        return uint256(terms_.maxNodes) * reputation * terms_.rewardUnit;
    }
}
