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
    event Deposited(NodeId indexed nodeId, address indexed token, uint256 received, uint256 stake);
    event Unbonding(
        NodeId indexed nodeId,
        address indexed token,
        uint256 amount,
        uint256 releaseTime,
        uint256 stake
    );
    event Withdrawn(NodeId indexed nodeId, address indexed token, address indexed to, uint256 amount);
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
    event ProceedsClaimed(address indexed token, address indexed account, uint256 amount);
}

/// @title What nodes risk: deposits, unbonding, slashing by the arbiter that a task's terms name.
/// @dev Any ERC-20; stake is credited by balance difference. Rebasing tokens are unsupported.
interface IStakeVault is IStakeVaultErrors, IStakeVaultEvents {
    /// @notice Adds stake to the caller's node. *Effects*: credits what arrived. *Requirements*: caller is the operator.
    function deposit(
        NodeId nodeId,
        address token,
        uint256 amount,
        Permit calldata permit
    ) external returns (uint256 received);

    /// @notice Starts the withdrawal of `amount`; it can be withdrawn after `unbondingPeriod`.
    function unbond(NodeId nodeId, address token, uint256 amount) external returns (uint256 releaseTime);

    /// @notice Pays all withdrawals that are due to `to`.
    function withdraw(NodeId nodeId, address token, address to) external returns (uint256 amount);

    /// @notice Takes `fractionBps` of stake and of every pending withdrawal, rounded up; only the task's arbiter, until
    /// hardEnd + disputeWindow. At most the terms' bounty is credited to `bountyTo`, the rest to the terms' recipient.
    function slash(
        TaskId taskId,
        NodeId nodeId,
        uint256 fractionBps,
        address bountyTo
    ) external returns (uint256 taken);

    /// @notice Pays out the caller's credit from slashing.
    function claimProceeds(address token) external returns (uint256 amount);

    /// @notice Bonded stake: what counts for the minimum to join.
    function stakeOf(NodeId nodeId, address token) external view returns (uint256);

    function pendingOf(NodeId nodeId, address token) external view returns (PendingWithdrawal[] memory);

    function proceedsOf(address account, address token) external view returns (uint256);

    /// @notice Sum of all stake, pending withdrawals and proceeds in a token: never above the vault's balance.
    function liabilities(address token) external view returns (uint256);

    function unbondingPeriod() external view returns (uint256);
}
