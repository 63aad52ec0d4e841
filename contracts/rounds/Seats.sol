// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";
import {Run} from "./Run.sol";

/// @dev What a coordinator is wired to: the registries that it believes, and the EIP-712 domain of what its members sign.
struct Wiring {
    INodeRegistry nodeRegistry;
    ITaskRegistry taskRegistry;
    bytes32 domainSeparator;
}

/// @title Who sits in an opening, and what is signed there.
library Seats {
    /// @notice A node's seat in the present opening; member id 0 for a node that is not active. The signer is the one that
    /// counted when the round opened: keys set later count from the next opening on.
    function seatOf(
        Run.State storage run,
        Wiring memory wiring,
        TaskId taskId,
        NodeId nodeId
    ) internal view returns (Run.Seat memory seat) {
        seat = run.seats[nodeId];
        if (seat.round == run.round && seat.retry == run.retry) return seat;
        (seat.round, seat.retry) = (run.round, run.retry);
        seat.memberId = uint16(MemberId.unwrap(wiring.taskRegistry.activeMemberId(taskId, nodeId)));
        if (seat.memberId != 0) seat.signer = wiring.nodeRegistry.signerAt(nodeId, run.openedAt);
    }

    /// @notice What is signed for a result with this EIP-712 struct hash.
    function typedHash(Wiring memory wiring, bytes32 structHash) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(wiring.domainSeparator, structHash);
    }
}
