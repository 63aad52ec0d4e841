// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

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
    error NotCoordinator(uint256 taskId, address account);
    error WrongLedger(uint256 taskId, address ledger);
    error WrongRound(uint256 taskId, uint256 expected, uint256 given);
    error UnknownMember(uint256 taskId, uint256 memberId);
    error NotOperator(uint256 nodeId, address account);
    error NothingToSettle(uint256 taskId, uint256 memberId);
    error NothingToClaim(uint256 taskId, uint256 memberId);
    error NothingToRefund(uint256 taskId);
    error NotEnded(uint256 taskId);
}

/// @notice Events of the reward ledger.
interface IRewardLedgerEvents is IRewardLedgerTypes {
    event RoundRecorded(uint256 indexed taskId, uint256 indexed round, uint256[] accepted, uint256[] lowered);
    event Settled(
        uint256 indexed taskId,
        uint256 indexed memberId,
        uint256 fromRound,
        uint256 toRound,
        uint256 reputation,
        uint256 reward
    );
    event Claimed(uint256 indexed taskId, uint256 indexed memberId, address indexed to, uint256 amount);
    event Refunded(uint256 indexed taskId, address indexed publisher, uint256 amount);
}

/// @title Reputation and rewards, settled lazily from each round's bitmaps.
/// @dev Paper 2, Eq. 2 (see ReputationRule). Bitmaps: bit memberId - 1.
interface IRewardLedger is IRewardLedgerErrors, IRewardLedgerEvents {
    /// @notice Stores a finalised round; only the task's coordinator, rounds in order from 1.
    /// @param accepted Members whose update was accepted (a = H).
    /// @param lowered Members whose reputation falls (a = L). Disjoint from `accepted`.
    function recordRound(
        uint256 taskId,
        uint256 round,
        uint256[] calldata accepted,
        uint256[] calldata lowered
    ) external;

    /// @notice Replays at most `maxRounds` finalised rounds for a member; any account.
    function settle(uint256 taskId, uint256 memberId, uint256 maxRounds) external returns (uint256 reward);

    /// @notice Settles all that is left and pays the member's unclaimed reward to `to`; only the node's operator.
    function claim(uint256 taskId, uint256 memberId, address to) external returns (uint256 amount);

    /// @notice Pays the publisher what no member can earn any more, after the end; any account.
    function refund(uint256 taskId) external returns (uint256 amount);

    /// @notice A member's account as it would stand with all recorded rounds settled.
    function accountOf(uint256 taskId, uint256 memberId) external view returns (Account memory);

    /// @notice A member's account as stored.
    function storedAccountOf(uint256 taskId, uint256 memberId) external view returns (Account memory);

    /// @notice What `refund` would pay now.
    function refundable(uint256 taskId) external view returns (uint256);

    function recordedRounds(uint256 taskId) external view returns (uint256);

    function roundBitmaps(
        uint256 taskId,
        uint256 round
    ) external view returns (uint256[] memory accepted, uint256[] memory lowered);
}
