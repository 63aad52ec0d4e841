// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundCoordinatorTypes} from "../interfaces/IRoundCoordinator.sol";
import {IStakeVaultTypes} from "../interfaces/IStakeVault.sol";
import {NodeRegistry} from "../NodeRegistry.sol";
import {RewardLedger} from "../RewardLedger.sol";
import {RoundCoordinator} from "../RoundCoordinator.sol";
import {StakeVault} from "../StakeVault.sol";
import {TaskRegistry} from "../TaskRegistry.sol";
import {DevelopmentToken} from "../tokens/DevelopmentToken.sol";
import {RoundModel} from "./RoundModel.sol";
import {Test} from "./Test.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @notice What a handler acts on.
struct FederationContracts {
    NodeRegistry registry;
    TaskRegistry tasks;
    StakeVault vault;
    RewardLedger ledger;
    RoundCoordinator coordinator;
    DevelopmentToken token;
    RoundModel model;
}

function operatorOf(uint256 nodeId) pure returns (address) {
    return address(uint160(0x10000 + nodeId));
}

/// @dev The key by which a node signs at first; it rotates among this one and the next two.
function firstKey(uint256 nodeId) pure returns (uint256) {
    return nodeId * 1000 + 1;
}

/// @title A federation of seven nodes and one task, in which anyone does anything at any time.
/// @dev Every action is allowed to fail; what an action must do is said by the model, which `_sync` compares after each.
abstract contract FederationActions is Test {
    uint256 public constant NODES = 7;
    TaskId public constant TASK = TaskId.wrap(1);
    address public constant RECIPIENT = address(0xB0B);
    uint256 private constant KEYS = 3;

    NodeRegistry public registry;
    TaskRegistry public tasks;
    StakeVault public vault;
    RewardLedger public ledger;
    RoundCoordinator public coordinator;
    DevelopmentToken public token;
    RoundModel public model;

    /// @dev The clock of the run: kept here because each call of a run begins at the test's own time.
    uint256 public time;
    uint256 public height;

    modifier step() {
        vm.warp(time);
        vm.roll(height);
        _;
        model.sync();
    }

    constructor(FederationContracts memory contracts) {
        (registry, tasks, vault) = (contracts.registry, contracts.tasks, contracts.vault);
        (ledger, coordinator, token) = (contracts.ledger, contracts.coordinator, contracts.token);
        (model, time, height) = (contracts.model, block.timestamp, block.number);
        for (uint256 nodeId = 1; nodeId <= NODES; ++nodeId) {
            token.mint(operator(nodeId), 10_000);
            vm.prank(operator(nodeId));
            token.approve(address(vault), type(uint256).max);
            _deposit(nodeId, 1000);
        }
    }

    function operator(uint256 nodeId) public pure returns (address) {
        return operatorOf(nodeId);
    }

    // ------------------------------------------------------------------------------------------------------- time

    /// @dev Now and then far enough to pass a deadline.
    function passTime(uint256 seed) external step {
        time += seed % 5 == 0 ? bound(seed, 500, 1500) : bound(seed, 1, 120);
        height += bound(seed, 1, 4);
        vm.warp(time);
        vm.roll(height);
    }

    function advance(uint256) external step {
        _advance();
    }

    function advanceAtTheDeadline(uint256) external step {
        uint256 deadline = coordinator.roundOf(TASK).deadline;
        if (deadline > time) time = deadline;
        ++height;
        vm.warp(time);
        vm.roll(height);
        _advance();
    }

    // ------------------------------------------------------------------------------------------------- membership

    function start(uint256) external step {
        try coordinator.start(TASK) {} catch {}
    }

    function join(uint256 seed) external step {
        _join(_node(seed));
    }

    function leaveTask(uint256 seed) external step {
        uint256 nodeId = _node(seed);
        vm.prank(operator(nodeId));
        try tasks.leaveTask(TASK, NodeId.wrap(nodeId)) {} catch {}
    }

    /// @dev Seldom, or else nobody is left.
    function resign(uint256 seed) external step {
        if (seed % 4 != 0) return;
        vm.prank(operator(_node(seed >> 2)));
        try registry.resign() {} catch {}
    }

    function rotateSigner(uint256 seed) external step {
        uint256 nodeId = _node(seed);
        vm.prank(operator(nodeId));
        try registry.setSigner(vm.addr(_key(nodeId, (seed >> 8) % KEYS))) {} catch {}
    }

    // ----------------------------------------------------------------------------------------------------- a round

    /// @dev What honest nodes do: all of them act in the present phase, a block after the seed is known.
    function playPhase(uint256 seed) external step {
        height += 2;
        vm.roll(height);
        IRoundCoordinatorTypes.Phase phase = coordinator.roundOf(TASK).phase;
        if (phase == IRoundCoordinatorTypes.Phase.Training) _post(type(uint256).max, 14);
        if (phase == IRoundCoordinatorTypes.Phase.Aggregation) _propose(type(uint256).max, 0);
        if (phase == IRoundCoordinatorTypes.Phase.Negotiation) _negotiate(type(uint256).max, 14, seed);
    }

    /// @dev All nodes that `mask` names in one batch; where `mischief` says so, one result twice and one with a false signature.
    function postUpdates(uint256 mask, uint256 mischief) external step {
        _post(mask, mischief);
    }

    function _post(uint256 mask, uint256 mischief) private {
        IRoundCoordinatorTypes.RoundView memory r = coordinator.roundOf(TASK);
        uint256[] memory nodes = _batch(mask, mischief);
        IRoundCoordinatorTypes.UpdateResult[] memory results = new IRoundCoordinatorTypes.UpdateResult[](
            nodes.length
        );
        bool inTime = r.phase == IRoundCoordinatorTypes.Phase.Training && block.timestamp < r.deadline;
        uint256 counted = 0;
        for (uint256 i = 0; i < nodes.length; ++i) {
            bool forged = i == mischief % 16;
            results[i] = _update(r, nodes[i], keccak256(abi.encode(nodes[i], i, r.round)), forged);
            if (inTime && !forged && model.expectUpdate(nodes[i])) ++counted;
        }
        try coordinator.submitUpdates(TASK, r.round, r.retry, results) {
            model.decided(counted != 0, true);
        } catch {
            model.decided(counted != 0, false);
        }
    }

    /// @dev Accepts the posted members that `mask` names, but at least one, and rejects the others.
    function propose(uint256 mask, uint256 rank) external step {
        _propose(mask, rank);
    }

    function _propose(uint256 mask, uint256 rank) private {
        IRoundCoordinatorTypes.RoundView memory r = coordinator.roundOf(TASK);
        if (r.phase != IRoundCoordinatorTypes.Phase.Aggregation || block.timestamp >= r.deadline) return;
        if (r.sealBlock != 0 && r.seed == 0 && block.number <= r.sealBlock) return;
        (NodeId[] memory nodes, MemberId[] memory members, uint256 threshold) = coordinator.committeeOf(TASK);
        model.checkCommittee(nodes, members);
        rank = rank % nodes.length;
        IRoundCoordinatorTypes.Proposal memory proposal = _proposal(r, mask, rank, nodes, threshold);
        bool inTime = block.timestamp >= r.phaseStart + rank * 100;
        try coordinator.submitAggregate(TASK, r.round, r.retry, r.attempt, proposal) {
            if (!inTime) revert NotEq(block.timestamp, r.phaseStart + rank * 100);
        } catch {
            if (inTime) revert NotEq(0, 1);
        }
    }

    function report(uint256 mask, uint256 mischief, uint256 scores) external step {
        _negotiate(mask, mischief, scores);
    }

    function _negotiate(uint256 mask, uint256 mischief, uint256 scores) private {
        IRoundCoordinatorTypes.RoundView memory r = coordinator.roundOf(TASK);
        uint256[] memory nodes = _batch(mask, mischief);
        IRoundCoordinatorTypes.ReportResult[] memory results = new IRoundCoordinatorTypes.ReportResult[](
            nodes.length
        );
        bool inTime = r.phase == IRoundCoordinatorTypes.Phase.Negotiation && block.timestamp < r.deadline;
        uint256 counted = 0;
        for (uint256 i = 0; i < nodes.length; ++i) {
            bool forged = i == mischief % 16;
            uint256 packed = _scores(uint256(keccak256(abi.encode(scores, i))));
            results[i] = _report(r, nodes[i], packed, forged);
            if (inTime && !forged && model.expectReport(nodes[i], packed)) ++counted;
        }
        try coordinator.submitReports(TASK, r.round, r.retry, r.aggregate, results) {
            model.decided(counted != 0, true);
        } catch {
            model.decided(counted != 0, false);
        }
    }

    // ------------------------------------------------------------------------------------------------------- money

    function deposit(uint256 seed, uint256 amount) external step {
        _deposit(_node(seed), bound(amount, 1, 500));
    }

    function unbond(uint256 seed, uint256 amount) external step {
        uint256 nodeId = _node(seed);
        vm.prank(operator(nodeId));
        try vault.unbond(NodeId.wrap(nodeId), address(token), bound(amount, 1, 1200)) {} catch {}
    }

    function withdraw(uint256 seed) external step {
        uint256 nodeId = _node(seed);
        vm.prank(operator(nodeId));
        try vault.withdraw(NodeId.wrap(nodeId), address(token), operator(nodeId)) {} catch {}
    }

    /// @dev This contract is the task's arbiter.
    function slash(uint256 seed, uint256 fractionBps) external step {
        address bountyTo = seed % 3 == 0 ? address(0) : operator(_node(seed >> 8));
        try vault.slash(TASK, NodeId.wrap(_node(seed)), bound(fractionBps, 1, 10_000), bountyTo) {} catch {}
    }

    function claimProceeds(uint256 seed) external step {
        vm.prank(seed % 2 == 0 ? RECIPIENT : operator(_node(seed)));
        try vault.claimProceeds(address(token)) {} catch {}
    }

    function settle(uint256 seed, uint256 rounds) external step {
        try ledger.settle(TASK, MemberId.wrap(_node(seed)), bound(rounds, 1, 3)) {} catch {}
    }

    function claim(uint256 seed) external step {
        uint256 nodeId = _node(seed);
        MemberId memberId = MemberId.wrap(tasks.member(TASK, NodeId.wrap(nodeId)).memberId);
        vm.prank(operator(nodeId));
        try ledger.claim(TASK, memberId, operator(nodeId)) {} catch {}
    }

    function refund(uint256) external step {
        try ledger.refund(TASK) {} catch {}
    }

    // --------------------------------------------------------------------------------------------------- internals

    function _advance() private {
        try coordinator.advance(TASK) {} catch {}
    }

    function _join(uint256 nodeId) private {
        vm.prank(operator(nodeId));
        try tasks.joinTask(TASK, NodeId.wrap(nodeId)) {} catch {}
    }

    function _deposit(uint256 nodeId, uint256 amount) private {
        IStakeVaultTypes.Permit memory none;
        vm.prank(operator(nodeId));
        try vault.deposit(NodeId.wrap(nodeId), address(token), amount, none) {} catch {}
    }

    function _node(uint256 seed) private pure returns (uint256) {
        return 1 + (seed % NODES);
    }

    function _key(uint256 nodeId, uint256 index) private pure returns (uint256) {
        return firstKey(nodeId) + index;
    }

    /// @dev The nodes of a mask in order; the first of them once more at the end where `mischief` is odd.
    function _batch(uint256 mask, uint256 mischief) private pure returns (uint256[] memory nodes) {
        nodes = new uint256[](NODES + 1);
        uint256 count = 0;
        for (uint256 nodeId = 1; nodeId <= NODES; ++nodeId) {
            if (mask & (1 << nodeId) != 0) nodes[count++] = nodeId;
        }
        if (mischief % 2 == 1 && count != 0) nodes[count++] = nodes[0];
        assembly ("memory-safe") {
            mstore(nodes, count)
        }
    }

    function _update(
        IRoundCoordinatorTypes.RoundView memory r,
        uint256 nodeId,
        bytes32 digest,
        bool forged
    ) private view returns (IRoundCoordinatorTypes.UpdateResult memory) {
        bytes32 hash = coordinator.hashLocalUpdate(
            TASK,
            r.round,
            r.retry,
            r.base,
            NodeId.wrap(nodeId),
            digest,
            10
        );
        bytes memory signature = _sign(r, nodeId, hash, forged);
        return IRoundCoordinatorTypes.UpdateResult(uint32(nodeId), 10, digest, signature);
    }

    function _report(
        IRoundCoordinatorTypes.RoundView memory r,
        uint256 nodeId,
        uint256 scores,
        bool forged
    ) private view returns (IRoundCoordinatorTypes.ReportResult memory) {
        bytes32 hash = coordinator.hashAccuracyReport(
            TASK,
            r.round,
            r.retry,
            r.base,
            NodeId.wrap(nodeId),
            r.aggregate,
            scores
        );
        return IRoundCoordinatorTypes.ReportResult(uint32(nodeId), scores, _sign(r, nodeId, hash, forged));
    }

    function _proposal(
        IRoundCoordinatorTypes.RoundView memory r,
        uint256 mask,
        uint256 rank,
        NodeId[] memory nodes,
        uint256 threshold
    ) private view returns (IRoundCoordinatorTypes.Proposal memory proposal) {
        uint256 posted = coordinator.postedBitmap(TASK)[0];
        uint256 accepted = posted & mask == 0 ? posted : posted & mask;
        proposal.proposerRank = uint16(rank);
        proposal.digest = keccak256(abi.encode("aggregate", r.round, accepted));
        proposal.accepted = new uint256[](1);
        proposal.rejected = new uint256[](1);
        proposal.accepted[0] = accepted;
        proposal.rejected[0] = posted & ~accepted;
        bytes32 hash = coordinator.hashAggregateAttestation(
            TASK,
            r.round,
            r.retry,
            r.attempt,
            r.base,
            proposal.digest,
            proposal.accepted,
            proposal.rejected
        );
        // The last `threshold` ranks, or the first with the proposer among them.
        uint256 from = rank + threshold <= nodes.length ? rank : nodes.length - threshold;
        proposal.attestations = new IRoundCoordinatorTypes.Attestation[](threshold);
        for (uint256 i = 0; i < threshold; ++i) {
            bytes memory signature = _sign(r, NodeId.unwrap(nodes[from + i]), hash, false);
            proposal.attestations[i] = IRoundCoordinatorTypes.Attestation(uint16(from + i), signature);
        }
    }

    /// @dev By the key that counts for the open round; a forged one by a key that no node has.
    function _sign(
        IRoundCoordinatorTypes.RoundView memory r,
        uint256 nodeId,
        bytes32 hash,
        bool forged
    ) private view returns (bytes memory) {
        uint256 key = 0xDEAD;
        address signer = registry.signerAt(NodeId.wrap(nodeId), r.openedAt);
        for (uint256 i = 0; i < KEYS && !forged; ++i) {
            if (vm.addr(_key(nodeId, i)) == signer) key = _key(nodeId, i);
        }
        (uint8 v, bytes32 rr, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(rr, s, v);
    }

    /// @dev Three scores from 0 to 3, so that ties are frequent.
    function _scores(uint256 seed) private pure returns (uint256) {
        return (seed & 3) | (((seed >> 2) & 3) << 16) | (((seed >> 4) & 3) << 32);
    }
}
