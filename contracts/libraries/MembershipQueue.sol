// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId} from "../types/NodeId.sol";

/// @title Nodes waiting for their membership of a running task to change, first come first served.
/// @dev A node stands in it at most once, and what it wants is its status in the roster: so withdrawing and asking again
/// costs no further place, and nobody can fill the queue alone.
library MembershipQueue {
    struct State {
        uint32 head;
        uint32 tail;
        mapping(uint256 index => uint32 nodeId) nodes;
        mapping(NodeId nodeId => uint256 indexPlusOne) places;
    }

    /// @notice Puts a node at the end unless it already stands in the queue.
    function enqueue(State storage self, NodeId nodeId) internal {
        if (self.places[nodeId] > self.head) return;
        self.nodes[self.tail] = uint32(NodeId.unwrap(nodeId));
        self.places[nodeId] = ++self.tail;
    }

    /// @notice Takes the first node. Requires a queue that is not empty.
    function dequeue(State storage self) internal returns (NodeId nodeId) {
        nodeId = NodeId.wrap(self.nodes[self.head]);
        delete self.nodes[self.head];
        delete self.places[nodeId];
        ++self.head;
    }

    function length(State storage self) internal view returns (uint256) {
        return self.tail - self.head;
    }

    function contains(State storage self, NodeId nodeId) internal view returns (bool) {
        return self.places[nodeId] > self.head;
    }

    /// @notice Waiting nodes in order.
    function list(State storage self) internal view returns (uint32[] memory nodeIds) {
        nodeIds = new uint32[](length(self));
        for (uint256 i = 0; i < nodeIds.length; ++i) nodeIds[i] = self.nodes[self.head + i];
    }
}
