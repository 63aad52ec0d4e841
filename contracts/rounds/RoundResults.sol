// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bitmaps} from "../libraries/Bitmaps.sol";
import {CommitteeElection} from "../libraries/CommitteeElection.sol";
import {PackedScores} from "../libraries/PackedScores.sol";
import {SignedResults} from "../libraries/SignedResults.sol";
import {RoundState} from "./RoundState.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @title Which signed results count.
abstract contract RoundResults is RoundState {
    using Bitmaps for Bitmaps.Set;
    using Bitmaps for uint256[];

    /// @notice Most results in one call.
    uint256 public constant MAX_BATCH = 256;

    function _checkBatch(uint256 length) internal pure {
        if (length > MAX_BATCH) revert BatchTooLarge(length, MAX_BATCH);
    }

    /// @dev Counts an update unless there is a reason to skip it.
    function _countUpdate(
        Round storage r,
        SignedResults.Opening memory opening,
        UpdateResult calldata result,
        uint256 maxSamples
    ) internal returns (bool) {
        NodeId nodeId = NodeId.wrap(result.nodeId);
        Seat memory seat = _seatOf(opening.taskId, r, nodeId);
        MemberId memberId = MemberId.wrap(seat.memberId);
        SkipReason reason = SkipReason.None;
        if (seat.memberId == 0) reason = SkipReason.NotActive;
        else if (r.posted.contains(memberId)) reason = SkipReason.Duplicate;
        else if (result.samples == 0 || result.samples > maxSamples) reason = SkipReason.BadSamples;
        else if (result.digest == 0) reason = SkipReason.ZeroDigest;
        else if (
            !_isSigned(
                seat,
                SignedResults.hashUpdate(opening, nodeId, result.digest, result.samples),
                result.signature
            )
        ) reason = SkipReason.BadSignature;
        if (reason != SkipReason.None) return _skip(opening, nodeId, reason);

        r.posted.add(memberId);
        _seats[opening.taskId][nodeId] = seat;
        emit UpdateAccepted(
            opening.taskId,
            opening.round,
            nodeId,
            opening.retry,
            memberId,
            result.digest,
            result.samples,
            result.signature
        );
        return true;
    }

    /// @dev Counts a report unless there is a reason to skip it.
    function _countReport(
        Round storage r,
        SignedResults.Opening memory opening,
        bytes32 aggregate,
        ReportResult calldata result,
        uint256 maxScore,
        uint256 steps
    ) internal returns (bool) {
        NodeId nodeId = NodeId.wrap(result.nodeId);
        Seat memory seat = _seatOf(opening.taskId, r, nodeId);
        MemberId memberId = MemberId.wrap(seat.memberId);
        SkipReason reason = SkipReason.None;
        if (seat.memberId == 0) reason = SkipReason.NotActive;
        else if (r.reported.contains(memberId)) reason = SkipReason.Duplicate;
        else if (!PackedScores.isValid(result.scores, steps, maxScore)) reason = SkipReason.BadScores;
        else if (
            !_isSigned(
                seat,
                SignedResults.hashReport(opening, nodeId, aggregate, result.scores),
                result.signature
            )
        ) reason = SkipReason.BadSignature;
        if (reason != SkipReason.None) return _skip(opening, nodeId, reason);

        r.reported.add(memberId);
        emit ReportAccepted(
            opening.taskId,
            opening.round,
            nodeId,
            opening.retry,
            memberId,
            result.scores,
            result.signature
        );
        return true;
    }

    function _skip(
        SignedResults.Opening memory opening,
        NodeId nodeId,
        SkipReason reason
    ) internal returns (bool) {
        emit ResultSkipped(opening.taskId, opening.round, nodeId, reason);
        return false;
    }

    /// @dev The member of rank r may post from phaseStart + r * slot; earlier ranks stay eligible.
    function _checkTurn(Round storage r, uint256 slotSeconds, uint256 rank, uint256 c) internal view {
        if (rank >= c) revert InvalidRank(rank, c);
        uint256 from = r.phaseStart + rank * slotSeconds;
        if (block.timestamp < from) revert RankNotYet(rank, from);
    }

    /// @dev Accepted and rejected are disjoint sets of posted members, as many as the rule needs, or too few for digest zero.
    function _checkBitmaps(Round storage r, Proposal calldata proposal, uint256 minimum) internal view {
        uint256[] memory accepted = proposal.accepted;
        uint256[] memory rejected = proposal.rejected;
        if (accepted.length != r.words) revert BitmapLength(accepted.length, r.words);
        if (rejected.length != r.words) revert BitmapLength(rejected.length, r.words);
        if (!accepted.disjoint(rejected)) revert BitmapsOverlap();
        if (!accepted.isSubset(r.posted) || !rejected.isSubset(r.posted)) revert NotPosted();
        uint256 acceptedCount = accepted.count();
        uint256 available = acceptedCount + rejected.count();
        if (proposal.digest == 0) {
            if (available >= minimum) revert EnoughUpdates(available, minimum);
        } else {
            if (acceptedCount == 0) revert NothingAccepted();
            if (available < minimum) revert TooFewUpdates(available, minimum);
        }
    }

    /// @dev Enough valid attestations, each by another member, the proposer among them.
    function _checkAttestations(
        TaskId taskId,
        Round storage r,
        Proposal calldata proposal,
        NodeId[] memory committee
    ) internal view {
        Attestation[] calldata attestations = proposal.attestations;
        uint256 threshold = CommitteeElection.threshold(committee.length);
        if (attestations.length < threshold) revert TooFewAttestations(attestations.length, threshold);
        bytes32 structHash = SignedResults.hashAttestation(
            SignedResults.Opening(taskId, r.round, r.retry, r.base),
            r.attempt,
            proposal.digest,
            proposal.accepted,
            proposal.rejected
        );
        bool proposerAttested = false;
        for (uint256 i = 0; i < attestations.length; ++i) {
            uint256 rank = attestations[i].rank;
            if (rank >= committee.length) revert InvalidRank(rank, committee.length);
            if (i != 0 && rank <= attestations[i - 1].rank) {
                revert RanksNotAscending(attestations[i - 1].rank, rank);
            }
            Seat memory seat = _seatOf(taskId, r, committee[rank]);
            if (!_isSigned(seat, structHash, attestations[i].signature)) {
                revert BadAttestation(rank, committee[rank]);
            }
            if (rank == proposal.proposerRank) proposerAttested = true;
        }
        if (!proposerAttested) revert ProposerDidNotAttest(proposal.proposerRank);
    }
}
