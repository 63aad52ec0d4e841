// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {Quorum} from "./Quorum.sol";

/// @notice The terms that running rounds needs, in three slots: one for submissions and transitions, one for the
/// finalisation, one for addresses and views.
struct RoundTerms {
    uint32 maxSamples;
    uint16 maxScore;
    uint8 negotiationSteps;
    uint32 trainingSeconds;
    uint32 aggregationSeconds;
    uint32 negotiationSeconds;
    uint32 slotSeconds;
    uint16 quorumBps;
    uint16 gammaBps;
    uint16 minNodes;
    uint8 maxAttempts;
    uint8 maxVoidRounds;
    // Second slot
    uint40 hardEnd;
    uint40 timeLimit;
    uint32 rounds;
    uint16 alphaLowerBps;
    uint16 alphaUpperBps;
    uint16 targetScore;
    uint16 minimumUpdates;
    ITaskRegistryTypes.AlphaGrid alphaGrid;
    ITaskRegistryTypes.Strategy strategy;
    ITaskRegistryTypes.ScoreKind scoreKind;
    ITaskRegistryTypes.ElectionMode electionMode;
    bool penaliseUnavailable;
    bool penaliseSilent;
    // Third slot
    address rewardLedger;
    uint32 fetchSeconds;
    uint32 objectionSeconds;
}

/// @title The snapshot of a task's terms that its rounds run on.
library RoundTermsSnapshot {
    /// @notice Copies what rounds need. Terms never change, so that a copy cannot go stale.
    function take(
        RoundTerms storage stored,
        ITaskRegistryTypes.TaskTerms memory terms,
        uint40 hardEnd
    ) internal {
        stored.maxSamples = terms.maxSamples;
        stored.maxScore = terms.maxScore;
        stored.negotiationSteps = terms.negotiationSteps;
        stored.trainingSeconds = terms.trainingSeconds;
        stored.aggregationSeconds = terms.aggregationSeconds;
        stored.negotiationSeconds = terms.negotiationSeconds;
        stored.slotSeconds = terms.slotSeconds;
        stored.quorumBps = terms.quorumBps;
        stored.gammaBps = terms.gammaBps;
        stored.minNodes = terms.minNodes;
        stored.maxAttempts = terms.maxAttempts;
        stored.maxVoidRounds = terms.maxVoidRounds;
        stored.hardEnd = hardEnd;
        stored.timeLimit = terms.timeLimit;
        stored.rounds = terms.rounds;
        stored.alphaLowerBps = terms.alphaLowerBps;
        stored.alphaUpperBps = terms.alphaUpperBps;
        stored.targetScore = terms.targetScore;
        stored.minimumUpdates = uint16(Quorum.minimumUpdates(terms.aggregationRule, terms.byzantineBound));
        stored.alphaGrid = terms.alphaGrid;
        stored.strategy = terms.strategy;
        stored.scoreKind = terms.scoreKind;
        stored.electionMode = terms.electionMode;
        stored.penaliseUnavailable = terms.penaliseUnavailable;
        stored.penaliseSilent = terms.penaliseSilent;
        stored.rewardLedger = terms.rewardLedger;
        stored.fetchSeconds = terms.fetchSeconds;
        stored.objectionSeconds = terms.objectionSeconds;
    }
}
