// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @notice Types of the reward ledger.
interface IRewardLedgerTypes {
    /// @notice A member's account in one task.
    /// @param settledRounds Rounds replayed so far: the cursor.
    struct Account {
        uint32 settledRounds;
        uint32 reputation;
        uint128 earned;
        uint128 claimed;
    }
}

/// @notice Errors of the reward ledger.
interface IRewardLedgerErrors is IRewardLedgerTypes {
    error ZeroAddress();
    error NotCoordinator(TaskId taskId, address account);
    error WrongLedger(TaskId taskId, address ledger);
    error WrongRound(TaskId taskId, uint256 expected, uint256 given);
    error UnknownMember(TaskId taskId, MemberId memberId);
    error NotOperator(NodeId nodeId, address account);
    error NothingToSettle(TaskId taskId, MemberId memberId);
    error NothingToClaim(TaskId taskId, MemberId memberId);
    error NothingToRefund(TaskId taskId);
    error NotEnded(TaskId taskId);
}

/// @notice Events of the reward ledger.
interface IRewardLedgerEvents is IRewardLedgerTypes {
    /// @notice A round is final.
    /// @param accepted Members whose update was accepted;
    /// @param lowered whose reputation falls.
    event RoundRecorded(TaskId indexed taskId, uint256 indexed round, uint256[] accepted, uint256[] lowered);

    /// @notice Rounds from `fromRound` to `toRound` were replayed for a member.
    /// @param reputation After them.
    /// @param reward Earned in them.
    event Settled(
        TaskId indexed taskId,
        MemberId indexed memberId,
        uint256 fromRound,
        uint256 toRound,
        uint256 reputation,
        uint256 reward
    );

    /// @notice A member's reward was paid.
    event Claimed(TaskId indexed taskId, MemberId indexed memberId, address indexed to, uint256 amount);

    /// @notice What nobody can earn any more went back to the publisher.
    event Refunded(TaskId indexed taskId, address indexed publisher, uint256 amount);
}

/// @title Reputation and rewards, settled lazily from each round's bitmaps.
/// @dev Paper 2, Eq. 2 (see ReputationRule). Bitmaps: bit memberId - 1.
interface IRewardLedger is IRewardLedgerErrors, IRewardLedgerEvents {
    /// @notice Stores a finalised round; only the task's coordinator, rounds in order from 1.
    /// @dev *Effects*: the round can be settled. Emits RoundRecorded.
    /// *Requirements*: the task's terms name this ledger and the caller as coordinator; the round follows the last one.
    /// *Reverts*: the registry's UnknownTask; WrongLedger, NotCoordinator, WrongRound.
    /// @param accepted Members whose update was accepted (a = H).
    /// @param lowered Members whose reputation falls (a = L). Disjoint from `accepted`.
    function recordRound(
        TaskId taskId,
        uint256 round,
        uint256[] calldata accepted,
        uint256[] calldata lowered
    ) external;

    /// @notice Replays at most `maxRounds` finalised rounds for a member; any account.
    /// @dev *Effects*: the member's reputation and earnings stand as after them. Emits Settled.
    /// *Requirements*: the member id was given; a round is left to settle.
    /// *Reverts*: UnknownMember, NothingToSettle.
    function settle(TaskId taskId, MemberId memberId, uint256 maxRounds) external returns (uint256 reward);

    /// @notice Settles all that is left, up to 512 rounds, and pays the member's unclaimed reward to `to`; only the node's operator.
    /// @dev *Effects*: all earnings are claimed. Emits Settled and Claimed; the registry releases the amount.
    /// *Requirements*: the caller operates the member's node; something is unclaimed.
    /// *Reverts*: ZeroAddress, UnknownMember, NotOperator, NothingToClaim; what the token reverts with.
    function claim(TaskId taskId, MemberId memberId, address to) external returns (uint256 amount);

    /// @notice Pays the publisher what no member can earn any more, after the end; any account.
    /// @dev *Effects*: the amount is refunded. Emits Refunded; the registry releases it.
    /// *Requirements*: the task has ended after its start; something is free.
    /// *Reverts*: the registry's UnknownTask; NotEnded, NothingToRefund; what the token reverts with.
    function refund(TaskId taskId) external returns (uint256 amount);

    /// @notice A member's account as it would stand with all recorded rounds settled.
    /// @dev *Reverts*: UnknownMember.
    function accountOf(TaskId taskId, MemberId memberId) external view returns (Account memory);

    /// @notice A member's account as stored.
    /// @dev *Reverts*: UnknownMember.
    function storedAccountOf(TaskId taskId, MemberId memberId) external view returns (Account memory);

    /// @notice What `refund` would pay now.
    /// @dev *Reverts*: the registry's UnknownTask.
    function refundable(TaskId taskId) external view returns (uint256);

    /// @notice Finalised rounds of a task.
    function recordedRounds(TaskId taskId) external view returns (uint256);

    /// @notice Who was accepted and who lowered in a round.
    /// @dev *Reverts*: WrongRound.
    function roundBitmaps(
        TaskId taskId,
        uint256 round
    ) external view returns (uint256[] memory accepted, uint256[] memory lowered);
}
