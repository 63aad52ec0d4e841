// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryErrors as Errors, ITaskRegistryTypes as Types} from "../interfaces/ITaskRegistry.sol";
import {BPS} from "../types/Bps.sol";
import {Quorum} from "./Quorum.sol";

/// @title What makes a task's terms valid: one check and one error for each term.
library TermsValidation {
    uint256 private constant MAX_NODES = 1024;
    uint256 private constant MAX_PHASE = 30 days;
    uint256 private constant MAX_LIFETIME = 3650 days;
    uint256 private constant MAX_DISPUTE_WINDOW = 365 days;
    uint256 private constant MAX_ATTEMPTS = 64;
    uint256 private constant MAX_ROUNDS = 100_000;
    uint256 private constant MAX_NEGOTIATION_STEPS = 16;
    uint256 private constant MAX_REPUTATION = 1_000_000;
    uint256 private constant MIN_ARTIFACT_BYTES = 1024;
    uint256 private constant MAX_ARTIFACT_BYTES = 2 ** 31 - 1;

    /// @notice Reverts with the error of the first term that is wrong, in the order of protocol/rules/validateTerms.ts.
    function validate(Types.TaskTerms memory terms) internal view {
        _validateModel(terms);
        _validateParties(terms);
        _validateNodes(terms);
        _validateClock(terms);
        _validateRounds(terms);
        _validateQuorum(terms);
        _validateAlpha(terms);
        _validateScores(terms);
        _validateReputation(terms);
    }

    function _validateModel(Types.TaskTerms memory terms) private pure {
        if (terms.manifestDigest == 0) revert Errors.ZeroManifestDigest();
        if (terms.initialModelDigest == 0) revert Errors.ZeroInitialModelDigest();
        if (terms.maxArtifactBytes < MIN_ARTIFACT_BYTES || terms.maxArtifactBytes > MAX_ARTIFACT_BYTES) {
            revert Errors.InvalidMaxArtifactBytes(terms.maxArtifactBytes);
        }
    }

    function _validateParties(Types.TaskTerms memory terms) private pure {
        if (terms.coordinator == address(0)) revert Errors.ZeroCoordinator();
        if (terms.arbiter == address(0)) revert Errors.ZeroArbiter();
        if (terms.stakeVault == address(0)) revert Errors.ZeroStakeVault();
        if (terms.rewardLedger == address(0)) revert Errors.ZeroRewardLedger();
    }

    function _validateNodes(Types.TaskTerms memory terms) private view {
        if (terms.minNodes == 0 || terms.minNodes > terms.maxNodes || terms.maxNodes > MAX_NODES) {
            revert Errors.InvalidNodeBounds(terms.minNodes, terms.maxNodes);
        }
        // A task that asks for no stake names no token, so that its arbiter can slash nothing.
        bool tokenFits =
            terms.minStake == 0 ? terms.stakeToken == address(0) : terms.stakeToken.code.length != 0;
        if (!tokenFits) revert Errors.InvalidStakeToken(terms.stakeToken, terms.minStake);
        bool slashes = terms.minStake != 0 || terms.slashBounty != 0;
        if (slashes && terms.slashRecipient == address(0)) {
            revert Errors.InvalidSlashing(terms.slashRecipient, terms.slashBounty);
        }
    }

    function _validateClock(Types.TaskTerms memory terms) private view {
        if (terms.timeLimit <= block.timestamp || terms.timeLimit > block.timestamp + MAX_LIFETIME) {
            revert Errors.InvalidTimeLimit(terms.startTime, terms.timeLimit);
        }
        if (terms.startTime >= terms.timeLimit) revert Errors.InvalidStartTime(terms.startTime);
        if (!_isPhase(terms.trainingSeconds)) revert Errors.InvalidTrainingSeconds(terms.trainingSeconds);
        uint256 beforeSigning = uint256(terms.fetchSeconds) + terms.objectionSeconds;
        if (
            !_isPhase(terms.aggregationSeconds) ||
            terms.fetchSeconds == 0 ||
            beforeSigning >= terms.aggregationSeconds
        ) {
            revert Errors.InvalidAggregationSeconds(
                terms.fetchSeconds,
                terms.objectionSeconds,
                terms.aggregationSeconds
            );
        }
        if (!_isPhase(terms.negotiationSeconds)) {
            revert Errors.InvalidNegotiationSeconds(terms.negotiationSeconds);
        }
        if (terms.slotSeconds == 0 || terms.slotSeconds > terms.aggregationSeconds) {
            revert Errors.InvalidSlotSeconds(terms.slotSeconds, terms.aggregationSeconds);
        }
        if (terms.disputeWindowSeconds > MAX_DISPUTE_WINDOW) {
            revert Errors.InvalidDisputeWindow(terms.disputeWindowSeconds);
        }
    }

    function _validateRounds(Types.TaskTerms memory terms) private pure {
        if (terms.maxAttempts == 0 || terms.maxAttempts > MAX_ATTEMPTS) {
            revert Errors.InvalidMaxAttempts(terms.maxAttempts);
        }
        if (terms.maxVoidRounds == 0) revert Errors.InvalidMaxVoidRounds(terms.maxVoidRounds);
        if (terms.rounds == 0 || terms.rounds > MAX_ROUNDS) revert Errors.InvalidRounds(terms.rounds);
    }

    function _validateQuorum(Types.TaskTerms memory terms) private pure {
        if (terms.gammaBps > BPS) revert Errors.InvalidGamma(terms.gammaBps);
        if (terms.quorumBps == 0 || terms.quorumBps > BPS) revert Errors.InvalidQuorum(terms.quorumBps);
        uint256 guaranteed = Quorum.size(terms.quorumBps, terms.minNodes);
        uint256 required = Quorum.minimumUpdates(terms.aggregationRule, terms.byzantineBound);
        if (guaranteed < required) {
            revert Errors.ByzantineBoundTooHigh(terms.byzantineBound, guaranteed, required);
        }
        if (terms.maxSamples == 0) revert Errors.InvalidMaxSamples(terms.maxSamples);
    }

    function _validateAlpha(Types.TaskTerms memory terms) private pure {
        uint256 steps = terms.negotiationSteps;
        if (steps == 0 || steps > MAX_NEGOTIATION_STEPS) revert Errors.InvalidNegotiationSteps(steps);
        // One step needs no interval to choose from.
        bool ordered =
            terms.alphaLowerBps < terms.alphaUpperBps ||
                (steps == 1 && terms.alphaLowerBps == terms.alphaUpperBps);
        if (!ordered || terms.alphaUpperBps > BPS) {
            revert Errors.InvalidAlphaBounds(terms.alphaLowerBps, terms.alphaUpperBps);
        }
        if (terms.initialAlphaBps > BPS) revert Errors.InvalidInitialAlpha(terms.initialAlphaBps);
    }

    function _validateScores(Types.TaskTerms memory terms) private pure {
        bool accuracy = terms.scoreKind == Types.ScoreKind.Accuracy;
        if (accuracy ? terms.maxScore != BPS : terms.maxScore == 0) {
            revert Errors.InvalidMaxScore(terms.maxScore);
        }
        if (terms.targetScore > terms.maxScore) {
            revert Errors.InvalidTargetScore(terms.targetScore, terms.maxScore);
        }
    }

    function _validateReputation(Types.TaskTerms memory terms) private view {
        if (
            terms.reputationMax == 0 ||
            terms.reputationMax > MAX_REPUTATION ||
            terms.reputationInitial > terms.reputationMax
        ) revert Errors.InvalidReputation(terms.reputationInitial, terms.reputationMax);
        if (terms.rewardUnit != 0 && terms.rewardToken.code.length == 0) {
            revert Errors.InvalidRewardToken(terms.rewardToken, terms.rewardUnit);
        }
    }

    function _isPhase(uint256 seconds_) private pure returns (bool) {
        return seconds_ != 0 && seconds_ <= MAX_PHASE;
    }
}
