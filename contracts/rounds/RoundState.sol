// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IRoundCoordinator} from "../interfaces/IRoundCoordinator.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {RoundTerms} from "../libraries/RoundTerms.sol";
import {SignedResults} from "../libraries/SignedResults.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @title What a coordinator stores of each task's round, who sits in it, and whom its seed elects.
abstract contract RoundState is IRoundCoordinator, EIP712 {
    INodeRegistry public immutable nodeRegistry;
    ITaskRegistry public immutable taskRegistry;

    /// @dev A task's present round. The first slot is all that a submission reads of it besides the digests. Bitmaps and tally keep stale words until the first result of a phase overwrites them, so
    /// `postedCount` and the tally's count decide whether they mean anything.
    struct Round {
        Phase phase;
        bool seeded;
        uint32 round;
        uint16 retry;
        uint16 attempt;
        uint16 activeCount;
        uint16 quorum;
        uint16 postedCount;
        uint8 words; // of each bitmap: ceil(memberCount / 256)
        uint40 openedAt;
        uint40 deadline;
        uint40 phaseStart;
        // Second slot
        uint64 sealBlock;
        uint16 alphaBps;
        uint8 attemptsLeft;
        uint8 voidsInRow;
        bytes32 base;
        bytes32 aggregate;
        bytes32 seed;
        Bitmaps.Set posted;
        Bitmaps.Set reported;
        Bitmaps.Set accepted;
        Bitmaps.Set rejected;
        PackedScores.Tally tally;
    }

    /// @dev What the registries said of a node when its update was accepted in this opening, so that its report and its
    /// attestation need not ask them again.
    struct Seat {
        uint32 round;
        uint16 retry;
        uint16 memberId;
        address signer;
    }

    mapping(TaskId taskId => Round) internal _rounds;
    mapping(TaskId taskId => RoundTerms) internal _terms;
    mapping(TaskId taskId => mapping(NodeId nodeId => Seat)) internal _seats;

    constructor(INodeRegistry nodeRegistry_, ITaskRegistry taskRegistry_) EIP712("Concordat", "1") {
        if (address(nodeRegistry_) == address(0) || address(taskRegistry_) == address(0))
            revert ZeroAddress();
        nodeRegistry = nodeRegistry_;
        taskRegistry = taskRegistry_;
    }

    function _isRunning(Round storage r) internal view returns (bool) {
        return r.phase != Phase.None && r.phase != Phase.Ended;
    }

    function _requireRunning(TaskId taskId, Round storage r) internal view {
        if (!_isRunning(r)) revert NotRunning(taskId);
    }

    /// @dev A node's seat in the present opening; member id 0 for a node that is not active. The signer is the one that counted
    /// when the round opened: keys set later count from the next opening on.
    function _seatOf(TaskId taskId, Round storage r, NodeId nodeId) internal view returns (Seat memory seat) {
        seat = _seats[taskId][nodeId];
        if (seat.round == r.round && seat.retry == r.retry) return seat;
        (seat.round, seat.retry) = (r.round, r.retry);
        seat.memberId = uint16(MemberId.unwrap(taskRegistry.activeMemberId(taskId, nodeId)));
        if (seat.memberId != 0) seat.signer = nodeRegistry.signerAt(nodeId, r.openedAt);
    }

    /// @dev Whether a result carries the signature of the seat's signer.
    function _isSigned(
        Seat memory seat,
        bytes32 structHash,
        bytes calldata signature
    ) internal view returns (bool) {
        return SignedResults.isValid(seat.signer, _hashTypedDataV4(structHash), signature);
    }

    /// @dev Seals the seed as soon as the hash of the seal block can be known; past 256 blocks that hash reads zero.
    function _seal(TaskId taskId, Round storage r) internal {
        if (r.seeded || block.number <= r.sealBlock) return;
        bytes32 blockHash = blockhash(r.sealBlock);
        _setSeed(taskId, r, CommitteeElection.mixedSeed(r.base, blockHash, taskId, r.round), blockHash);
    }

    function _setSeed(TaskId taskId, Round storage r, bytes32 seed, bytes32 blockHash) internal {
        r.seeded = true;
        r.seed = seed;
        emit SeedSealed(taskId, r.round, seed, blockHash);
    }

    function _committeeSize(TaskId taskId, Round storage r) internal view returns (uint256) {
        return CommitteeElection.size(r.activeCount, _terms[taskId].gammaBps);
    }

    /// @dev The first `c` of the present attempt's committee.
    function _elect(
        TaskId taskId,
        Round storage r,
        bytes32 seed,
        uint256 c
    ) internal view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds) {
        return CommitteeElection.elect(taskRegistry, taskId, seed, r.attempt, r.activeCount, c, r.posted);
    }
}
