// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A node of the node registry, from 1 in order of admission, for all tasks; never used again.
type NodeId is uint256;

using {isNoNode, _otherNode as !=} for NodeId global;

/// @dev 0 stands for no node.
function isNoNode(NodeId nodeId) pure returns (bool) {
    return NodeId.unwrap(nodeId) == 0;
}

function _otherNode(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) != NodeId.unwrap(b);
}
