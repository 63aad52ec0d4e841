// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {Quorum} from "../libraries/Quorum.sol";

/// @title The terms that running rounds needs.
library RunTerms {
    /// @dev In three slots: one for submissions and transitions, one for the finalisation, one for addresses and views.
    struct State {
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

    /// @notice Copies what rounds need. Terms never change, so that a copy cannot go stale.
    /// @param hardEnd Second after which no phase lasts.
    function take(State storage self, ITaskRegistryTypes.TaskTerms memory terms, uint40 hardEnd) internal {
        _takeClock(self, terms, hardEnd);
        _takeRules(self, terms);
        self.rewardLedger = terms.rewardLedger;
    }

    function _takeClock(
        State storage self,
        ITaskRegistryTypes.TaskTerms memory terms,
        uint40 hardEnd
    ) private {
        self.trainingSeconds = terms.trainingSeconds;
        self.aggregationSeconds = terms.aggregationSeconds;
        self.negotiationSeconds = terms.negotiationSeconds;
        self.slotSeconds = terms.slotSeconds;
        self.fetchSeconds = terms.fetchSeconds;
        self.objectionSeconds = terms.objectionSeconds;
        self.maxAttempts = terms.maxAttempts;
        self.maxVoidRounds = terms.maxVoidRounds;
        self.hardEnd = hardEnd;
        self.timeLimit = terms.timeLimit;
        self.rounds = terms.rounds;
    }

    function _takeRules(State storage self, ITaskRegistryTypes.TaskTerms memory terms) private {
        self.maxSamples = terms.maxSamples;
        self.maxScore = terms.maxScore;
        self.negotiationSteps = terms.negotiationSteps;
        self.quorumBps = terms.quorumBps;
        self.gammaBps = terms.gammaBps;
        self.minNodes = terms.minNodes;
        self.alphaLowerBps = terms.alphaLowerBps;
        self.alphaUpperBps = terms.alphaUpperBps;
        self.targetScore = terms.targetScore;
        self.minimumUpdates = uint16(Quorum.minimumUpdates(terms.aggregationRule, terms.byzantineBound));
        self.alphaGrid = terms.alphaGrid;
        self.strategy = terms.strategy;
        self.scoreKind = terms.scoreKind;
        self.electionMode = terms.electionMode;
        self.penaliseUnavailable = terms.penaliseUnavailable;
        self.penaliseSilent = terms.penaliseSilent;
    }
}
