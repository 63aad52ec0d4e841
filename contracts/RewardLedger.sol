// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IRewardLedger} from "./interfaces/IRewardLedger.sol";
import {ITaskRegistry, ITaskRegistryTypes} from "./interfaces/ITaskRegistry.sol";
import {ReputationRule} from "./libraries/ReputationRule.sol";
import {RewardSchedule} from "./libraries/RewardSchedule.sol";
import {MemberId} from "./types/MemberId.sol";
import {NodeId} from "./types/NodeId.sol";
import {TaskId} from "./types/TaskId.sol";

/// @title Reputation and rewards, settled lazily from each round's bitmaps.
/// @dev The tokens stay with TaskRegistry; this contract decides who may have how much of a task's escrow.
contract RewardLedger is IRewardLedger, ReentrancyGuardTransient {
    /// @notice Rounds that `claim` replays; who has more left settles first.
    uint256 public constant MAX_ROUNDS_PER_CLAIM = 512;

    /// @dev A task has at most 1024 members, so four words; words that are zero are not written.
    struct Round {
        uint256[4] accepted;
        uint256[4] lowered;
    }

    /// @param coordinator, unit, initial, max, strict Copies of the task's terms, made at its first round; terms never change.
    /// @param recorded Finalised rounds.
    /// @param credited Sum of all settled rewards.
    /// @param refunded Paid back to the publisher.
    /// @param membersAt Members whose cursor stands at a round (from 1).
    struct Book {
        address coordinator;
        uint32 recorded;
        uint32 initial;
        uint32 max;
        bool strict;
        uint128 unit;
        uint128 credited;
        uint128 refunded;
        mapping(uint256 round => Round record) rounds;
        mapping(MemberId memberId => Account account) accounts;
        mapping(uint256 round => uint256 count) membersAt;
    }

    INodeRegistry public immutable nodeRegistry;
    ITaskRegistry public immutable taskRegistry;
    mapping(TaskId taskId => Book book) private _books;

    constructor(INodeRegistry nodeRegistry_, ITaskRegistry taskRegistry_) {
        if (address(nodeRegistry_) == address(0) || address(taskRegistry_) == address(0))
            revert ZeroAddress();
        nodeRegistry = nodeRegistry_;
        taskRegistry = taskRegistry_;
    }

    /// @inheritdoc IRewardLedger
    function recordRound(
        TaskId taskId,
        uint256 round,
        uint256[] calldata accepted,
        uint256[] calldata lowered
    ) external {
        Book storage book = _books[taskId];
        if (book.recorded == 0) _open(taskId, book);
        if (msg.sender != book.coordinator) revert NotCoordinator(taskId, msg.sender);
        if (round != uint256(book.recorded) + 1) revert WrongRound(taskId, uint256(book.recorded) + 1, round);

        book.recorded = uint32(round);
        _store(book.rounds[round].accepted, accepted);
        _store(book.rounds[round].lowered, lowered);
        emit RoundRecorded(taskId, round, accepted, lowered);
    }

    /// @inheritdoc IRewardLedger
    function settle(TaskId taskId, MemberId memberId, uint256 maxRounds) external returns (uint256 reward) {
        _nodeOf(taskId, memberId);
        Book storage book = _books[taskId];
        if (maxRounds == 0 || book.accounts[memberId].settledRounds == book.recorded) {
            revert NothingToSettle(taskId, memberId);
        }
        return _settle(taskId, memberId, maxRounds);
    }

    /// @inheritdoc IRewardLedger
    function claim(
        TaskId taskId,
        MemberId memberId,
        address to
    ) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        NodeId nodeId = _nodeOf(taskId, memberId);
        if (nodeRegistry.operatorOf(nodeId) != msg.sender) revert NotOperator(nodeId, msg.sender);
        Account storage account = _books[taskId].accounts[memberId];
        if (account.settledRounds < _books[taskId].recorded) _settle(taskId, memberId, MAX_ROUNDS_PER_CLAIM);
        amount = account.earned - account.claimed;
        if (amount == 0) revert NothingToClaim(taskId, memberId);

        account.claimed = account.earned;
        emit Claimed(taskId, memberId, to, amount);
        taskRegistry.release(taskId, to, amount);
    }

    /// @inheritdoc IRewardLedger
    function refund(TaskId taskId) external nonReentrant returns (uint256 amount) {
        ITaskRegistryTypes.TaskStatus memory status = taskRegistry.status(taskId);
        if (!_hasEnded(status.state)) revert NotEnded(taskId);
        amount = _refundable(taskId, status);
        if (amount == 0) revert NothingToRefund(taskId);

        _books[taskId].refunded += uint128(amount);
        emit Refunded(taskId, status.publisher, amount);
        taskRegistry.release(taskId, status.publisher, amount);
    }

    /// @inheritdoc IRewardLedger
    function accountOf(TaskId taskId, MemberId memberId) external view returns (Account memory account) {
        account = storedAccountOf(taskId, memberId);
        _replay(_books[taskId], account, memberId, type(uint256).max);
    }

    /// @inheritdoc IRewardLedger
    function storedAccountOf(TaskId taskId, MemberId memberId) public view returns (Account memory account) {
        _nodeOf(taskId, memberId);
        account = _books[taskId].accounts[memberId];
        if (account.settledRounds == 0) account.reputation = taskRegistry.terms(taskId).reputationInitial;
    }

    /// @inheritdoc IRewardLedger
    function refundable(TaskId taskId) external view returns (uint256) {
        ITaskRegistryTypes.TaskStatus memory status = taskRegistry.status(taskId);
        return _hasEnded(status.state) ? _refundable(taskId, status) : 0;
    }

    /// @inheritdoc IRewardLedger
    function recordedRounds(TaskId taskId) external view returns (uint256) {
        return _books[taskId].recorded;
    }

    /// @inheritdoc IRewardLedger
    function roundBitmaps(
        TaskId taskId,
        uint256 round
    ) external view returns (uint256[] memory accepted, uint256[] memory lowered) {
        Book storage book = _books[taskId];
        if (round == 0 || round > book.recorded) revert WrongRound(taskId, book.recorded, round);
        uint256 words = (uint256(taskRegistry.status(taskId).memberCount) + 255) / 256;
        accepted = new uint256[](words);
        lowered = new uint256[](words);
        for (uint256 i = 0; i < words; ++i) {
            accepted[i] = book.rounds[round].accepted[i];
            lowered[i] = book.rounds[round].lowered[i];
        }
    }

    function _nodeOf(TaskId taskId, MemberId memberId) private view returns (NodeId nodeId) {
        nodeId = taskRegistry.nodeIdOfMember(taskId, memberId);
        if (nodeId.isNoNode()) revert UnknownMember(taskId, memberId);
    }

    /// @dev Copies what every later call needs of the terms.
    function _open(TaskId taskId, Book storage book) private {
        ITaskRegistryTypes.TaskTerms memory terms = taskRegistry.terms(taskId);
        if (terms.rewardLedger != address(this)) revert WrongLedger(taskId, terms.rewardLedger);
        book.coordinator = terms.coordinator;
        book.initial = terms.reputationInitial;
        book.max = terms.reputationMax;
        book.strict = terms.strictReputation;
        book.unit = terms.rewardUnit;
    }

    function _store(uint256[4] storage words, uint256[] calldata given) private {
        for (uint256 i = 0; i < given.length; ++i) {
            if (given[i] != 0) words[i] = given[i];
        }
    }

    /// @dev Amounts fit 128 bits because a task's whole escrow does.
    function _settle(TaskId taskId, MemberId memberId, uint256 maxRounds) private returns (uint256 reward) {
        Book storage book = _books[taskId];
        Account memory account = book.accounts[memberId];
        uint256 from = account.settledRounds;
        if (from == 0) account.reputation = book.initial;
        else --book.membersAt[from];

        reward = _replay(book, account, memberId, maxRounds);
        ++book.membersAt[account.settledRounds];
        book.credited += uint128(reward);
        book.accounts[memberId] = account;
        emit Settled(taskId, memberId, from + 1, account.settledRounds, account.reputation, reward);
    }

    /// @dev Advances the account in memory by at most `maxRounds` rounds. Reward of an accepted update: the reputation at the
    /// round's start times the unit.
    function _replay(
        Book storage book,
        Account memory account,
        MemberId memberId,
        uint256 maxRounds
    ) private view returns (uint256 reward) {
        uint256 index = MemberId.unwrap(memberId) - 1;
        uint256 word = index / 256;
        uint256 bit = 1 << (index % 256);
        uint256 round = account.settledRounds;
        uint256 last = book.recorded;
        if (last - round > maxRounds) last = round + maxRounds;
        uint256 reputation = account.reputation;
        uint256 points = 0;
        while (round < last) {
            Round storage record = book.rounds[++round];
            if (record.accepted[word] & bit != 0) {
                points += reputation;
                reputation = ReputationRule.raised(reputation, book.max);
            } else if (record.lowered[word] & bit != 0) {
                reputation = ReputationRule.lowered(reputation, book.initial, book.strict);
            }
        }
        reward = points * book.unit;
        account.settledRounds = uint32(round);
        account.reputation = uint32(reputation);
        account.earned += uint128(reward);
    }

    /// @dev What members can still earn: nothing where all rounds are settled; else each unsettled member, of at most maxNodes, all
    /// rounds that were played: no more than maxNodes are accepted in any round.
    function _refundable(
        TaskId taskId,
        ITaskRegistryTypes.TaskStatus memory status
    ) private view returns (uint256) {
        ITaskRegistryTypes.TaskTerms memory terms = taskRegistry.terms(taskId);
        Book storage book = _books[taskId];
        uint256 unsettled = 0;
        if (book.recorded != 0) unsettled = status.memberCount - book.membersAt[book.recorded];
        if (unsettled > terms.maxNodes) unsettled = terms.maxNodes;
        uint256 reserved =
            uint256(book.credited) + book.refunded + unsettled * _worstCase(terms, book.recorded);
        uint256 escrow = terms.maxNodes * _worstCase(terms, terms.rounds);
        return escrow > reserved ? escrow - reserved : 0;
    }

    /// @dev Most that one member can earn in `rounds` rounds.
    function _worstCase(
        ITaskRegistryTypes.TaskTerms memory terms,
        uint256 rounds
    ) private pure returns (uint256) {
        uint256 points = RewardSchedule.worstCaseReputation(
            rounds,
            terms.reputationInitial,
            terms.reputationMax
        );
        return points * terms.rewardUnit;
    }

    function _hasEnded(ITaskRegistryTypes.TaskState state) private pure returns (bool) {
        return
            state == ITaskRegistryTypes.TaskState.Completed || state == ITaskRegistryTypes.TaskState.Aborted;
    }
}
