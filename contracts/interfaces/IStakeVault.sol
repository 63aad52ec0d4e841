// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @notice Types of the stake vault.
interface IStakeVaultTypes {
    /// @notice Stake on its way out; still slashable until withdrawn.
    struct PendingWithdrawal {
        uint128 amount;
        uint40 releaseTime;
    }

    /// @notice Permit of ERC-2612; tried, not required. `deadline` 0 means none.
    struct Permit {
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }
}

/// @notice Errors of the stake vault.
interface IStakeVaultErrors is IStakeVaultTypes {
    error ZeroAmount();
    error ZeroAddress();
    error AmountTooLarge(uint256 amount);
    error NotOperator(NodeId nodeId, address account);
    error InsufficientStake(NodeId nodeId, uint256 available, uint256 requested);
    error TooManyPendingWithdrawals(NodeId nodeId, uint256 max);
    error NothingToWithdraw(NodeId nodeId);
    error NothingToClaim(address account);
    error NotArbiter(TaskId taskId, address account);
    error NotTaskMember(TaskId taskId, NodeId nodeId);
    error WrongVault(TaskId taskId, address vault);
    error InvalidFraction(uint256 fractionBps);
    error SlashingClosed(TaskId taskId, uint256 closedAt);
    error InvalidUnbondingPeriod(uint256 seconds_);
}

/// @notice Events of the stake vault.
interface IStakeVaultEvents is IStakeVaultTypes {
    /// @notice Stake was added to a node.
    /// @param received What arrived;
    /// @param stake what it has now.
    event Deposited(NodeId indexed nodeId, address indexed token, uint256 received, uint256 stake);

    /// @notice Stake of a node is on its way out.
    /// @param releaseTime Unix seconds from which it can be withdrawn.
    /// @param stake What stays.
    event Unbonding(
        NodeId indexed nodeId,
        address indexed token,
        uint256 amount,
        uint256 releaseTime,
        uint256 stake
    );

    /// @notice Stake left the vault.
    /// @param amount May be zero where it was slashed on its way out.
    event Withdrawn(NodeId indexed nodeId, address indexed token, address indexed to, uint256 amount);

    /// @notice A task's arbiter took a share of a node's stake and of its withdrawals under way.
    /// @param bounty Part of it that was credited to `bountyTo`; the rest to `recipient`.
    event Slashed(
        TaskId indexed taskId,
        NodeId indexed nodeId,
        address indexed token,
        uint256 fractionBps,
        uint256 fromStake,
        uint256 fromPending,
        uint256 bounty,
        address bountyTo,
        address recipient
    );

    /// @notice A credit from slashing was paid.
    event ProceedsClaimed(address indexed token, address indexed account, uint256 amount);
}

/// @title What nodes risk: deposits, unbonding, slashing by the arbiter that a task's terms name.
/// @dev Any ERC-20; stake is credited by balance difference. Rebasing tokens are unsupported.
interface IStakeVault is IStakeVaultErrors, IStakeVaultEvents {
    /// @notice Adds stake to the caller's node.
    /// @dev *Effects*: credits what arrived. Emits Deposited.
    /// *Requirements*: the caller operates the node; the amount is not zero and can be taken by permit or allowance; stakes fit 128 bits.
    /// *Reverts*: NotOperator, ZeroAmount, AmountTooLarge; what the token reverts with.
    function deposit(
        NodeId nodeId,
        address token,
        uint256 amount,
        Permit calldata permit
    ) external returns (uint256 received);

    /// @notice Starts the withdrawal of `amount`; it can be withdrawn after `unbondingPeriod`.
    /// @dev *Effects*: the amount counts for no further task and stays slashable. Emits Unbonding.
    /// *Requirements*: the caller operates the node; it has as much staked, and fewer than 32 withdrawals under way.
    /// *Reverts*: NotOperator, ZeroAmount, InsufficientStake, TooManyPendingWithdrawals.
    function unbond(NodeId nodeId, address token, uint256 amount) external returns (uint256 releaseTime);

    /// @notice Pays all withdrawals that are due to `to`.
    /// @dev *Effects*: they are under way no longer. Emits Withdrawn.
    /// *Requirements*: the caller operates the node; one of its withdrawals is due.
    /// *Reverts*: NotOperator, ZeroAddress, NothingToWithdraw; what the token reverts with.
    function withdraw(NodeId nodeId, address token, address to) external returns (uint256 amount);

    /// @notice Takes `fractionBps` of stake and of every pending withdrawal, rounded up. At most the terms' bounty is credited to
    /// `bountyTo`, the rest to the terms' recipient.
    /// @dev *Effects*: stake and withdrawals are less, proceeds more. Emits Slashed.
    /// *Requirements*: the terms name this vault and the caller as arbiter; the node ever joined the task; a share from 1 to 10,000; not
    /// after hardEnd and the dispute window.
    /// *Reverts*: the registry's UnknownTask; WrongVault, NotArbiter, InvalidFraction, NotTaskMember, SlashingClosed.
    function slash(
        TaskId taskId,
        NodeId nodeId,
        uint256 fractionBps,
        address bountyTo
    ) external returns (uint256 taken);

    /// @notice Pays out the caller's credit from slashing.
    /// @dev *Effects*: the credit is zero. Emits ProceedsClaimed.
    /// *Requirements*: there is a credit.
    /// *Reverts*: NothingToClaim; what the token reverts with.
    function claimProceeds(address token) external returns (uint256 amount);

    /// @notice Bonded stake: what counts for the minimum to join.
    function stakeOf(NodeId nodeId, address token) external view returns (uint256);

    /// @notice Withdrawals under way, oldest first.
    function pendingOf(NodeId nodeId, address token) external view returns (PendingWithdrawal[] memory);

    /// @notice An account's credit from slashing.
    function proceedsOf(address account, address token) external view returns (uint256);

    /// @notice Sum of all stake, pending withdrawals and proceeds in a token: never above the vault's balance.
    function liabilities(address token) external view returns (uint256);

    /// @notice Seconds from `unbond` to the withdrawal.
    function unbondingPeriod() external view returns (uint256);
}
