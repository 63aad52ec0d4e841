// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundCoordinatorTypes} from "../interfaces/IRoundCoordinator.sol";
import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {RewardLedger} from "../RewardLedger.sol";
import {RoundCoordinator} from "../RoundCoordinator.sol";
import {TaskRegistry} from "../TaskRegistry.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @title What a round should do, told slowly: who counted, what they scored, which alpha follows.
/// @dev `sync` compares the coordinator with it after every action and reverts where they differ.
contract RoundModel {
    TaskId private constant TASK = TaskId.wrap(1);
    uint256 private constant STEPS = 3;

    error WentBackwards(uint256 fromRound, uint256 toRound);
    error FinalisedTwice(uint256 before, uint256 afterwards);
    error WrongCount(uint256 expected, uint256 given);
    error WrongAlpha(uint256 expected, uint256 given);
    error WrongCommittee(uint256 rank, uint256 expected, uint256 given);
    error WrongDecision(bool expected, bool given);

    TaskRegistry private immutable TASKS;
    RoundCoordinator private immutable COORDINATOR;
    RewardLedger private immutable LEDGER;

    uint256 public recorded;
    /// @dev The last view, and what was counted in its round and retry.
    IRoundCoordinatorTypes.RoundView private _last;
    uint256 private _posted;
    uint256 private _reported;
    uint256[] private _scores;
    /// @dev Written by an expected result, and kept only where the chain took the batch.
    uint256 private _newPosted;
    uint256 private _newReported;
    uint256[] private _newScores;

    constructor(TaskRegistry tasks, RoundCoordinator coordinator, RewardLedger ledger) {
        TASKS = tasks;
        COORDINATOR = coordinator;
        LEDGER = ledger;
        _last = coordinator.roundOf(TASK);
        _last.alphaBps = 5000;
    }

    /// @notice Whether an update in time and well signed should count: its node is active and has not posted.
    function expectUpdate(uint256 nodeId) external returns (bool) {
        uint256 bit = 1 << nodeId;
        if (TASKS.activeMemberId(TASK, NodeId.wrap(nodeId)).isNoMember() || (_posted | _newPosted) & bit != 0)
            return false;
        _newPosted |= bit;
        return true;
    }

    /// @notice The same of a report.
    function expectReport(uint256 nodeId, uint256 scores) external returns (bool) {
        uint256 bit = 1 << nodeId;
        if (
            TASKS.activeMemberId(TASK, NodeId.wrap(nodeId)).isNoMember() ||
            (_reported | _newReported) & bit != 0
        ) return false;
        _newReported |= bit;
        _newScores.push(scores);
        return true;
    }

    /// @notice Says whether the chain took the batch, as it must where anything in it counts.
    function decided(bool expected, bool given) external {
        if (expected != given) revert WrongDecision(expected, given);
        if (given) {
            _posted |= _newPosted;
            _reported |= _newReported;
            for (uint256 i = 0; i < _newScores.length; ++i) _scores.push(_newScores[i]);
        }
        (_newPosted, _newReported) = (0, 0);
        delete _newScores;
    }

    /// @notice Walks over the active array as the paper says, and expects the committee that the coordinator elected.
    function checkCommittee(NodeId[] calldata nodes, MemberId[] calldata members) external view {
        IRoundCoordinatorTypes.RoundView memory r = COORDINATOR.roundOf(TASK);
        if (r.seed == 0) return;
        uint16[] memory active = TASKS.activeMembers(TASK);
        bytes32 seed = r.attempt == 0 ? r.seed : keccak256(abi.encode(r.seed, uint256(r.attempt)));
        uint256 leader = uint256(seed) % active.length;
        uint256 size = active.length < 4 ? active.length : 4;
        uint256 rank = 0;
        for (uint256 i = 0; i < active.length && rank < size; ++i) {
            uint256 memberId = active[(leader + i) % active.length];
            uint256 nodeId = NodeId.unwrap(TASKS.nodeIdOfMember(TASK, MemberId.wrap(memberId)));
            if (r.attempt != 0 && _posted & (1 << nodeId) == 0) continue;
            uint256 member = MemberId.unwrap(members[rank]);
            if (member != memberId) revert WrongCommittee(rank, memberId, member);
            uint256 node = NodeId.unwrap(nodes[rank]);
            if (node != nodeId) revert WrongCommittee(rank, nodeId, node);
            ++rank;
        }
        if (rank != nodes.length) revert WrongCount(rank, nodes.length);
    }

    /// @notice Compares after an action: rounds only grow, each is finalised once, nobody counts twice, alpha is the model's.
    function sync() external {
        IRoundCoordinatorTypes.RoundView memory now_ = COORDINATOR.roundOf(TASK);
        if (now_.phase == IRoundCoordinatorTypes.Phase.None) return;
        bool sameRound = now_.round == _last.round;
        bool backwards =
            now_.round < _last.round ||
                (sameRound && (now_.retry < _last.retry || now_.attempt < _last.attempt));
        if (backwards) revert WentBackwards(_last.round, now_.round);

        uint256 recordedNow = LEDGER.recordedRounds(TASK);
        if (recordedNow != recorded) _finalised(recordedNow, now_);
        else if (now_.alphaBps != _last.alphaBps) revert WrongAlpha(_last.alphaBps, now_.alphaBps);

        bool ended = now_.phase == IRoundCoordinatorTypes.Phase.Ended;
        if (!ended && (!sameRound || now_.retry != _last.retry)) {
            (_posted, _reported) = (0, 0);
            delete _scores;
        }
        if (!ended) {
            if (now_.postedCount != _count(_posted)) revert WrongCount(_count(_posted), now_.postedCount);
            if (now_.reportedCount != _count(_reported)) {
                revert WrongCount(_count(_reported), now_.reportedCount);
            }
        }
        _last = now_;
    }

    function _finalised(uint256 recordedNow, IRoundCoordinatorTypes.RoundView memory now_) private {
        if (recordedNow != recorded + 1) revert FinalisedTwice(recorded, recordedNow);
        if (recordedNow != _last.round) revert FinalisedTwice(_last.round, recordedNow);
        recorded = recordedNow;
        uint256 expected = _scores.length >= _last.quorum ? _alpha() : _last.alphaBps;
        if (now_.alphaBps != expected) revert WrongAlpha(expected, now_.alphaBps);
    }

    /// @dev alpha_r of three steps over [0, 1], by trying every r with every score.
    function _alpha() private view returns (uint256) {
        uint256 n = _scores.length;
        bool byVariance = TASKS.terms(TASK).strategy == ITaskRegistryTypes.Strategy.MinVariance && n >= 2;
        uint256 best = 0;
        int256 bestValue = type(int256).min;
        for (uint256 r = 1; r <= STEPS; ++r) {
            int256 value = byVariance ? -int256(_pairwiseSpread(r)) : int256(_sum(r));
            if (value > bestValue) (best, bestValue) = (r, value);
        }
        return (best * 10_000) / STEPS;
    }

    function _sum(uint256 r) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _scores.length; ++i) sum += _score(i, r);
    }

    /// @dev Sum of squared differences over all pairs: n^2 times the variance, by another way.
    function _pairwiseSpread(uint256 r) private view returns (uint256 spread) {
        for (uint256 i = 0; i < _scores.length; ++i) {
            for (uint256 j = i + 1; j < _scores.length; ++j) {
                uint256 a = _score(i, r);
                uint256 b = _score(j, r);
                spread += a > b ? (a - b) ** 2 : (b - a) ** 2;
            }
        }
    }

    function _score(uint256 report, uint256 r) private view returns (uint256) {
        return (_scores[report] >> (16 * (r - 1))) & 0xffff;
    }

    function _count(uint256 set) private pure returns (uint256 count) {
        for (; set != 0; set >>= 1) count += set & 1;
    }
}
