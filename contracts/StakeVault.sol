// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IStakeVault} from "./interfaces/IStakeVault.sol";
import {ITaskRegistry, ITaskRegistryTypes} from "./interfaces/ITaskRegistry.sol";
import {PermitTrial} from "./libraries/PermitTrial.sol";
import {BPS, ceilBps} from "./types/Bps.sol";
import {NodeId} from "./types/NodeId.sol";
import {TaskId} from "./types/TaskId.sol";

/// @title What nodes risk: deposits, unbonding, slashing by the arbiter that a task's terms name.
/// @dev One stake of a node backs all its tasks in the same token; joining a task is consent to its arbiter.
contract StakeVault is IStakeVault, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Withdrawals under way per node and token: bounds the gas of withdrawing and slashing.
    uint256 public constant MAX_PENDING = 32;
    uint256 public constant MAX_UNBONDING_PERIOD = 3650 days * 3;

    INodeRegistry public immutable nodeRegistry;
    ITaskRegistry public immutable taskRegistry;
    /// @inheritdoc IStakeVault
    uint256 public immutable unbondingPeriod;

    /// @inheritdoc IStakeVault
    mapping(NodeId nodeId => mapping(address token => uint256 stake)) public stakeOf;
    /// @inheritdoc IStakeVault
    mapping(address account => mapping(address token => uint256 amount)) public proceedsOf;
    /// @inheritdoc IStakeVault
    mapping(address token => uint256 amount) public liabilities;
    mapping(NodeId nodeId => mapping(address token => PendingWithdrawal[] pending)) private _pending;

    modifier onlyOperator(NodeId nodeId) {
        if (nodeRegistry.operatorOf(nodeId) != msg.sender) revert NotOperator(nodeId, msg.sender);
        _;
    }

    constructor(INodeRegistry nodeRegistry_, ITaskRegistry taskRegistry_, uint256 unbondingPeriod_) {
        if (address(nodeRegistry_) == address(0) || address(taskRegistry_) == address(0))
            revert ZeroAddress();
        if (unbondingPeriod_ == 0 || unbondingPeriod_ > MAX_UNBONDING_PERIOD) {
            revert InvalidUnbondingPeriod(unbondingPeriod_);
        }
        nodeRegistry = nodeRegistry_;
        taskRegistry = taskRegistry_;
        unbondingPeriod = unbondingPeriod_;
    }

    /// @inheritdoc IStakeVault
    function deposit(
        NodeId nodeId,
        address token,
        uint256 amount,
        Permit calldata permit
    ) external nonReentrant onlyOperator(nodeId) returns (uint256 received) {
        if (amount == 0) revert ZeroAmount();
        PermitTrial.tryPermit(token, amount, permit);
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        received = IERC20(token).balanceOf(address(this)) - before;
        if (received == 0) revert ZeroAmount();

        uint256 stake = stakeOf[nodeId][token] + received;
        if (stake > type(uint128).max) revert AmountTooLarge(stake);
        stakeOf[nodeId][token] = stake;
        liabilities[token] += received;
        emit Deposited(nodeId, token, received, stake);
    }

    /// @inheritdoc IStakeVault
    function unbond(
        NodeId nodeId,
        address token,
        uint256 amount
    ) external onlyOperator(nodeId) returns (uint256 releaseTime) {
        if (amount == 0) revert ZeroAmount();
        uint256 stake = stakeOf[nodeId][token];
        if (amount > stake) revert InsufficientStake(nodeId, stake, amount);
        PendingWithdrawal[] storage pending = _pending[nodeId][token];
        if (pending.length >= MAX_PENDING) revert TooManyPendingWithdrawals(nodeId, MAX_PENDING);

        stake -= amount;
        stakeOf[nodeId][token] = stake;
        releaseTime = block.timestamp + unbondingPeriod;
        pending.push(PendingWithdrawal({amount: uint128(amount), releaseTime: uint40(releaseTime)}));
        emit Unbonding(nodeId, token, amount, releaseTime, stake);
    }

    /// @inheritdoc IStakeVault
    function withdraw(
        NodeId nodeId,
        address token,
        address to
    ) external nonReentrant onlyOperator(nodeId) returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        PendingWithdrawal[] storage pending = _pending[nodeId][token];
        uint256 waiting = pending.length;
        amount = _takeDue(pending);
        // What is due may have been slashed to nothing; it still has to give up its place.
        if (pending.length == waiting) revert NothingToWithdraw(nodeId);
        liabilities[token] -= amount;
        emit Withdrawn(nodeId, token, to, amount);
        if (amount != 0) IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IStakeVault
    function slash(
        TaskId taskId,
        NodeId nodeId,
        uint256 fractionBps,
        address bountyTo
    ) external returns (uint256 taken) {
        ITaskRegistryTypes.TaskTerms memory terms = taskRegistry.terms(taskId);
        _checkSlash(taskId, nodeId, fractionBps, terms);
        (uint256 fromStake, uint256 fromPending) = _take(nodeId, terms.stakeToken, fractionBps);
        taken = fromStake + fromPending;
        uint256 bounty = 0;
        if (bountyTo != address(0)) bounty = taken < terms.slashBounty ? taken : terms.slashBounty;
        proceedsOf[bountyTo][terms.stakeToken] += bounty;
        proceedsOf[terms.slashRecipient][terms.stakeToken] += taken - bounty;
        emit Slashed(
            taskId,
            nodeId,
            terms.stakeToken,
            fractionBps,
            fromStake,
            fromPending,
            bounty,
            bountyTo,
            terms.slashRecipient
        );
    }

    /// @inheritdoc IStakeVault
    function claimProceeds(address token) external nonReentrant returns (uint256 amount) {
        amount = proceedsOf[msg.sender][token];
        if (amount == 0) revert NothingToClaim(msg.sender);
        delete proceedsOf[msg.sender][token];
        liabilities[token] -= amount;
        emit ProceedsClaimed(token, msg.sender, amount);
        IERC20(token).safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakeVault
    function pendingOf(NodeId nodeId, address token) external view returns (PendingWithdrawal[] memory) {
        return _pending[nodeId][token];
    }

    /// @dev Consent is the roster: only nodes that joined the task, only by the arbiter they saw in its terms, only the token it
    /// asked for, and only while disputes are open.
    function _checkSlash(
        TaskId taskId,
        NodeId nodeId,
        uint256 fractionBps,
        ITaskRegistryTypes.TaskTerms memory terms
    ) private view {
        if (terms.stakeVault != address(this)) revert WrongVault(taskId, terms.stakeVault);
        if (msg.sender != terms.arbiter) revert NotArbiter(taskId, msg.sender);
        if (fractionBps == 0 || fractionBps > BPS) revert InvalidFraction(fractionBps);
        if (taskRegistry.member(taskId, nodeId).memberId == 0) revert NotTaskMember(taskId, nodeId);
        uint256 closedAt = uint256(taskRegistry.status(taskId).hardEnd) + terms.disputeWindowSeconds;
        if (block.timestamp > closedAt) revert SlashingClosed(taskId, closedAt);
    }

    /// @dev Takes the fraction of the stake and of each withdrawal under way, due or not; rounded up, so that slashing dust by dust
    /// takes no less.
    function _take(
        NodeId nodeId,
        address token,
        uint256 fractionBps
    ) private returns (uint256 fromStake, uint256 fromPending) {
        uint256 stake = stakeOf[nodeId][token];
        fromStake = ceilBps(stake, fractionBps);
        stakeOf[nodeId][token] = stake - fromStake;
        PendingWithdrawal[] storage pending = _pending[nodeId][token];
        for (uint256 i = 0; i < pending.length; ++i) {
            uint256 part = ceilBps(pending[i].amount, fractionBps);
            pending[i].amount -= uint128(part);
            fromPending += part;
        }
    }

    /// @dev Removes what is due; the rest keeps its order.
    function _takeDue(PendingWithdrawal[] storage pending) private returns (uint256 amount) {
        uint256 kept = 0;
        uint256 length = pending.length;
        for (uint256 i = 0; i < length; ++i) {
            PendingWithdrawal memory entry = pending[i];
            if (entry.releaseTime <= block.timestamp) amount += entry.amount;
            else pending[kept++] = entry;
        }
        for (uint256 i = kept; i < length; ++i) pending.pop();
    }
}
