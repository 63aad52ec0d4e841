// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IRoundCoordinatorErrors as Errors,
    IRoundCoordinatorEvents as Events,
    IRoundCoordinatorTypes as Types
} from "../interfaces/IRoundCoordinator.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {SignedResults} from "../libraries/SignedResults.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";
import {Run} from "./Run.sol";
import {Seats, Wiring} from "./Seats.sol";

/// @title Whose turn it is to propose an aggregate, and which proposal counts: of which updates, attested by whom.
library Proposals {
    using Bitmaps for Bitmaps.Set;
    using Bitmaps for uint256[];
    using Run for Run.State;
    using Seats for Run.State;
    using Seats for Wiring;

    /// @notice Takes a proposal of the open attempt.
    /// *Effects*: names in events those of lower rank, whose turns passed, and the proposal; unless its digest is zero, keeps
    /// digest and bitmaps. The phase stays.
    /// *Reverts*: see `IRoundCoordinator.submitAggregate`.
    function accept(
        Run.State storage run,
        TaskId taskId,
        Wiring memory wiring,
        Types.Proposal calldata proposal
    ) internal {
        if (!run.seeded) revert Errors.SeedNotReady(taskId, run.sealBlock);
        (NodeId[] memory committee, ) = _elect(
            run,
            taskId,
            wiring.taskRegistry,
            run.seed,
            run.committeeSize()
        );
        _checkTurn(run, proposal.proposerRank, committee.length);
        _checkBitmaps(run, proposal);
        _checkAttestations(run, taskId, wiring, proposal, committee);

        for (uint256 rank = 0; rank < proposal.proposerRank; ++rank) {
            emit Events.DutyMissed(taskId, run.round, committee[rank], run.retry, run.attempt, rank);
        }
        _announce(run, taskId, proposal, committee);
        if (proposal.digest == 0) return;
        run.aggregate = proposal.digest;
        run.accepted.store(proposal.accepted);
        run.rejected.store(proposal.rejected);
    }

    /// @notice Names the leader of an attempt that ran out without a proposal, in an event.
    function missLeader(Run.State storage run, TaskId taskId, ITaskRegistry taskRegistry) internal {
        // Without a seed nobody could have proposed.
        if (!run.seeded) return;
        (NodeId[] memory leader, ) = _elect(run, taskId, taskRegistry, run.seed, 1);
        emit Events.DutyMissed(taskId, run.round, leader[0], run.retry, run.attempt, 0);
    }

    /// @notice The committee of the present attempt by rank, and how many of it must attest.
    /// *Reverts*: see `IRoundCoordinator.committeeOf`.
    function committeeOf(
        Run.State storage run,
        TaskId taskId,
        ITaskRegistry taskRegistry
    ) internal view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds, uint256 threshold) {
        run.requireRunning(taskId);
        if (run.attempt != 0 && run.phase == Types.Phase.Training) {
            revert Errors.WrongPhase(taskId, run.phase);
        }
        (nodeIds, memberIds) = _elect(run, taskId, taskRegistry, run.seedOf(taskId), run.committeeSize());
        threshold = CommitteeElection.threshold(nodeIds.length);
    }

    /// @dev The first `c` of the present attempt's committee.
    function _elect(
        Run.State storage run,
        TaskId taskId,
        ITaskRegistry taskRegistry,
        bytes32 seed,
        uint256 c
    ) private view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds) {
        return
            CommitteeElection.elect(taskRegistry, taskId, seed, run.attempt, run.activeCount, c, run.posted);
    }

    function _announce(
        Run.State storage run,
        TaskId taskId,
        Types.Proposal calldata proposal,
        NodeId[] memory committee
    ) private {
        emit Events.AggregateAccepted(
            taskId,
            run.round,
            run.retry,
            run.attempt,
            proposal.proposerRank,
            proposal.digest,
            proposal.accepted,
            proposal.rejected,
            committee,
            proposal.attestations
        );
    }

    /// @dev The member of rank r may post from phaseStart + r * slot; earlier ranks stay eligible.
    function _checkTurn(Run.State storage run, uint256 rank, uint256 c) private view {
        if (rank >= c) revert Errors.InvalidRank(rank, c);
        uint256 from = run.phaseStart + rank * run.terms.slotSeconds;
        if (block.timestamp < from) revert Errors.RankNotYet(rank, from);
    }

    /// @dev Accepted and rejected are disjoint sets of posted members, as many as the rule needs, or too few for digest zero.
    function _checkBitmaps(Run.State storage run, Types.Proposal calldata proposal) private view {
        uint256[] memory accepted = proposal.accepted;
        uint256[] memory rejected = proposal.rejected;
        if (accepted.length != run.words) revert Errors.BitmapLength(accepted.length, run.words);
        if (rejected.length != run.words) revert Errors.BitmapLength(rejected.length, run.words);
        if (!accepted.disjoint(rejected)) revert Errors.BitmapsOverlap();
        if (!accepted.isSubset(run.posted) || !rejected.isSubset(run.posted)) revert Errors.NotPosted();
        uint256 acceptedCount = accepted.count();
        uint256 available = acceptedCount + rejected.count();
        uint256 minimum = run.terms.minimumUpdates;
        if (proposal.digest == 0) {
            if (available >= minimum) revert Errors.EnoughUpdates(available, minimum);
        } else {
            if (acceptedCount == 0) revert Errors.NothingAccepted();
            if (available < minimum) revert Errors.TooFewUpdates(available, minimum);
        }
    }

    /// @dev Enough valid attestations, each by another member, the proposer among them.
    function _checkAttestations(
        Run.State storage run,
        TaskId taskId,
        Wiring memory wiring,
        Types.Proposal calldata proposal,
        NodeId[] memory committee
    ) private view {
        Types.Attestation[] calldata attestations = proposal.attestations;
        _checkRanks(attestations, proposal.proposerRank, committee.length);
        bytes32 hash = wiring.typedHash(_hashAttestation(run, taskId, proposal));
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint256 rank = attestations[i].rank;
            NodeId nodeId = committee[rank];
            address signer = run.seatOf(wiring, taskId, nodeId).signer;
            if (!SignedResults.isValid(signer, hash, attestations[i].signature)) {
                revert Errors.BadAttestation(rank, nodeId);
            }
        }
    }

    /// @dev As many attesters as a committee of c needs, in ascending rank, the proposer among them.
    function _checkRanks(
        Types.Attestation[] calldata attestations,
        uint256 proposerRank,
        uint256 c
    ) private pure {
        uint256 threshold = CommitteeElection.threshold(c);
        if (attestations.length < threshold) {
            revert Errors.TooFewAttestations(attestations.length, threshold);
        }
        bool proposerAttested = false;
        uint256 previous = 0;
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint256 rank = attestations[i].rank;
            if (rank >= c) revert Errors.InvalidRank(rank, c);
            if (i != 0 && rank <= previous) revert Errors.RanksNotAscending(previous, rank);
            if (rank == proposerRank) proposerAttested = true;
            previous = rank;
        }
        if (!proposerAttested) revert Errors.ProposerDidNotAttest(proposerRank);
    }

    /// @dev The EIP-712 struct hash of what the members of a committee sign.
    function _hashAttestation(
        Run.State storage run,
        TaskId taskId,
        Types.Proposal calldata proposal
    ) private view returns (bytes32) {
        return
            SignedResults.hashAttestation(
                SignedResults.Opening(taskId, run.round, run.retry, run.base),
                run.attempt,
                proposal.digest,
                proposal.accepted,
                proposal.rejected
            );
    }
}
