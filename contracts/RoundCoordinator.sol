// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IRoundCoordinator} from "./interfaces/IRoundCoordinator.sol";
import {ITaskRegistry} from "./interfaces/ITaskRegistry.sol";
import {SignedResults} from "./libraries/SignedResults.sol";
import {Proposals} from "./rounds/Proposals.sol";
import {Run} from "./rounds/Run.sol";
import {RunView} from "./rounds/RunView.sol";
import {Wiring} from "./rounds/Seats.sol";
import {Submissions} from "./rounds/Submissions.sol";
import {Transitions} from "./rounds/Transitions.sol";
import {MemberId} from "./types/MemberId.sol";
import {NodeId} from "./types/NodeId.sol";
import {TaskId} from "./types/TaskId.sol";

/// @title How a synchronous round runs.
/// @dev Who may call what, and when; the rules stand in rounds/. `Transitions` is a linked library: what happens once a round
/// pays for the call (about 3400 gas), what every node does in each round does not. The reentrancy guard stands because reward
/// ledgers are chosen by publishers: only the registries are trusted code.
contract RoundCoordinator is IRoundCoordinator, EIP712, ReentrancyGuardTransient {
    using Proposals for Run.State;
    using Run for Run.State;
    using RunView for Run.State;
    using Submissions for Run.State;
    using Transitions for Run.State;

    /// @notice Most results in one call.
    uint256 public constant MAX_BATCH = Submissions.MAX_BATCH;

    INodeRegistry public immutable nodeRegistry;
    ITaskRegistry public immutable taskRegistry;

    mapping(TaskId taskId => Run.State run) private _runs;

    constructor(INodeRegistry nodeRegistry_, ITaskRegistry taskRegistry_) EIP712("Concordat", "1") {
        if (address(nodeRegistry_) == address(0) || address(taskRegistry_) == address(0))
            revert ZeroAddress();
        nodeRegistry = nodeRegistry_;
        taskRegistry = taskRegistry_;
    }

    /// @inheritdoc IRoundCoordinator
    function start(TaskId taskId) external nonReentrant {
        _runs[taskId].start(taskId, taskRegistry);
    }

    /// @inheritdoc IRoundCoordinator
    function submitUpdates(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        UpdateResult[] calldata results
    ) external nonReentrant {
        Run.State storage run = _runs[taskId];
        run.beginSubmission(taskId, Phase.Training, round, retry);
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, run.base);
        bool complete = run.countUpdates(_wiring(), opening, results);
        if (complete) run.enterPhase(taskId, Phase.Aggregation);
    }

    /// @inheritdoc IRoundCoordinator
    function submitAggregate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        Proposal calldata proposal
    ) external nonReentrant {
        Run.State storage run = _runs[taskId];
        run.beginSubmission(taskId, Phase.Aggregation, round, retry);
        if (attempt != run.attempt) revert WrongAttempt(taskId, run.attempt, attempt);
        run.accept(taskId, _wiring(), proposal);
        if (proposal.digest != 0) run.enterPhase(taskId, Phase.Negotiation);
        else run.voidRound(taskId, taskRegistry, VoidReason.TooFewUpdates);
    }

    /// @inheritdoc IRoundCoordinator
    function submitReports(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 aggregate,
        ReportResult[] calldata results
    ) external nonReentrant {
        Run.State storage run = _runs[taskId];
        run.beginSubmission(taskId, Phase.Negotiation, round, retry);
        if (aggregate != run.aggregate) revert WrongAggregate(taskId, run.aggregate, aggregate);
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, run.base);
        bool complete = run.countReports(_wiring(), opening, aggregate, results);
        if (complete) run.finalise(taskId, taskRegistry);
    }

    /// @inheritdoc IRoundCoordinator
    function advance(TaskId taskId) external nonReentrant {
        Run.State storage run = _runs[taskId];
        run.beginAdvance(taskId);
        if (block.timestamp >= run.terms.hardEnd) {
            run.endAtHardEnd(taskId, taskRegistry);
        } else if (run.phase == Phase.Training) {
            if (run.postedCount >= run.quorum) run.enterPhase(taskId, Phase.Aggregation);
            else run.voidRound(taskId, taskRegistry, VoidReason.NoQuorum);
        } else if (run.phase == Phase.Aggregation) {
            run.missLeader(taskId, taskRegistry);
            if (!run.nextAttempt(taskId)) run.voidRound(taskId, taskRegistry, VoidReason.AttemptsSpent);
        } else {
            run.finalise(taskId, taskRegistry);
        }
    }

    /// @inheritdoc IRoundCoordinator
    function roundOf(TaskId taskId) external view returns (RoundView memory) {
        return _runs[taskId].show();
    }

    /// @inheritdoc IRoundCoordinator
    function committeeOf(
        TaskId taskId
    ) external view returns (NodeId[] memory nodeIds, MemberId[] memory memberIds, uint256 threshold) {
        return _runs[taskId].committeeOf(taskId, taskRegistry);
    }

    /// @inheritdoc IRoundCoordinator
    function hasPosted(TaskId taskId, MemberId memberId) external view returns (bool) {
        return _runs[taskId].hasPosted(memberId);
    }

    /// @inheritdoc IRoundCoordinator
    function hasReported(TaskId taskId, MemberId memberId) external view returns (bool) {
        return _runs[taskId].hasReported(memberId);
    }

    /// @inheritdoc IRoundCoordinator
    function postedBitmap(TaskId taskId) external view returns (uint256[] memory words) {
        return _runs[taskId].postedBitmap();
    }

    /// @inheritdoc IRoundCoordinator
    function sumsOf(TaskId taskId) external view returns (uint256[] memory sums, uint256[] memory squares) {
        return _runs[taskId].sums();
    }

    /// @inheritdoc IRoundCoordinator
    function hashLocalUpdate(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 digest,
        uint256 samples
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashUpdate(opening, nodeId, digest, samples));
    }

    /// @inheritdoc IRoundCoordinator
    function hashAccuracyReport(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        bytes32 base,
        NodeId nodeId,
        bytes32 aggregate,
        uint256 scores
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashReport(opening, nodeId, aggregate, scores));
    }

    /// @inheritdoc IRoundCoordinator
    function hashAggregateAttestation(
        TaskId taskId,
        uint256 round,
        uint256 retry,
        uint256 attempt,
        bytes32 base,
        bytes32 digest,
        uint256[] calldata accepted,
        uint256[] calldata rejected
    ) external view returns (bytes32) {
        SignedResults.Opening memory opening = SignedResults.Opening(taskId, round, retry, base);
        return _hashTypedDataV4(SignedResults.hashAttestation(opening, attempt, digest, accepted, rejected));
    }

    function _wiring() private view returns (Wiring memory) {
        return Wiring(nodeRegistry, taskRegistry, _domainSeparatorV4());
    }
}
