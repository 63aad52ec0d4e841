// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MembershipQueue} from "../libraries/MembershipQueue.sol";
import {Test} from "./Test.sol";
import {NodeId} from "../types/NodeId.sol";

/// @notice The queue against a plain list.
contract MembershipQueueTest is Test {
    using MembershipQueue for MembershipQueue.State;

    MembershipQueue.State private _queue;
    uint256[] private _list;

    function testFuzz_equalsAListWithoutRepeats(uint256 actions) external {
        for (uint256 i = 0; i < 60; ++i) {
            uint256 action = (actions >> (4 * i)) & 15;
            if (action < 5 && _list.length != 0) {
                assertEq(NodeId.unwrap(_queue.dequeue()), _list[0]);
                for (uint256 j = 1; j < _list.length; ++j) _list[j - 1] = _list[j];
                _list.pop();
            } else if (action >= 5) {
                _queue.enqueue(NodeId.wrap(action));
                if (!_listed(action)) _list.push(action);
            }
            _compare();
        }
    }

    function _listed(uint256 nodeId) private view returns (bool) {
        for (uint256 j = 0; j < _list.length; ++j) if (_list[j] == nodeId) return true;
        return false;
    }

    function _compare() private view {
        assertEq(_queue.length(), _list.length);
        uint32[] memory waiting = _queue.list();
        for (uint256 j = 0; j < waiting.length; ++j) assertEq(waiting[j], _list[j]);
        for (uint256 nodeId = 5; nodeId < 16; ++nodeId) {
            if (_queue.contains(NodeId.wrap(nodeId)) != _listed(nodeId)) revert NotEq(nodeId, 0);
        }
    }
}
