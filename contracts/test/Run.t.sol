// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IRoundCoordinatorErrors as Errors,
    IRoundCoordinatorTypes as Types
} from "../interfaces/IRoundCoordinator.sol";
import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {Run} from "../rounds/Run.sol";
import {TaskId} from "../types/TaskId.sol";
import {Test} from "./Test.sol";

/// @dev The state machine with nothing around it: a test calls it from outside, so that it can revert.
contract RunHarness {
    using Run for Run.State;

    TaskId private constant TASK = TaskId.wrap(7);
    Run.State internal run;

    function setUp(ITaskRegistryTypes.ElectionMode mode, uint40 hardEnd) external {
        (run.terms.trainingSeconds, run.terms.aggregationSeconds, run.terms.negotiationSeconds) = (
            100,
            20,
            50
        );
        (run.terms.quorumBps, run.terms.gammaBps) = (6000, 2500);
        (run.terms.maxAttempts, run.terms.maxVoidRounds) = (3, 2);
        (run.terms.electionMode, run.terms.hardEnd) = (mode, hardEnd);
    }

    function setQuorum(uint16 quorumBps) external {
        run.terms.quorumBps = quorumBps;
    }

    /// @dev As if results had come and an aggregate had been proposed.
    function fill(uint16 postedCount, uint256 firstSquares, bytes32 aggregate) external {
        (run.postedCount, run.tally.squares[0], run.aggregate) = (postedCount, firstSquares, aggregate);
    }

    function open(uint256 activeCount, uint256 memberCount) external {
        run.open(TASK, activeCount, memberCount);
    }

    function nameFirst(bytes32 base, uint16 alphaBps) external {
        run.nameFirst(base, alphaBps);
    }

    function nameNext() external {
        run.nameNext();
    }

    function countVoid() external returns (bool) {
        return run.countVoid(TASK, Types.VoidReason.NoQuorum);
    }

    function nameRetry() external {
        run.nameRetry();
    }

    function enterPhase(Types.Phase phase) external {
        run.enterPhase(TASK, phase);
    }

    function nextAttempt() external returns (bool) {
        return run.nextAttempt(TASK);
    }

    function beginSubmission(Types.Phase phase, uint256 round, uint256 retry) external {
        run.beginSubmission(TASK, phase, round, retry);
    }

    function beginAdvance() external {
        run.beginAdvance(TASK);
    }

    function seal() external {
        run.seal(TASK);
    }

    function seedOf() external view returns (bytes32) {
        return run.seedOf(TASK);
    }

    function isRunning() external view returns (bool) {
        return run.isRunning();
    }

    function isDue() external view returns (bool) {
        return run.isDue();
    }

    function reportCount() external view returns (uint256) {
        return run.tally.squares[0] >> 240;
    }

    function phase() external view returns (Types.Phase) {
        return run.phase;
    }

    function clock() external view returns (uint256 openedAt, uint256 phaseStart, uint256 deadline) {
        return (run.openedAt, run.phaseStart, run.deadline);
    }

    function opening() external view returns (uint256 round, uint256 retry, uint256 attempt) {
        return (run.round, run.retry, run.attempt);
    }

    function counts() external view returns (uint256 active, uint256 quorum, uint256 posted, uint256 words) {
        return (run.activeCount, run.quorum, run.postedCount, run.words);
    }

    function election() external view returns (bool seeded, uint256 sealBlock, bytes32 seed) {
        return (run.seeded, run.sealBlock, run.seed);
    }

    function left() external view returns (uint256 attempts, uint256 voidsInRow) {
        return (run.attemptsLeft, run.voidsInRow);
    }

    function base() external view returns (bytes32) {
        return run.base;
    }
}

/// @notice The state machine of rounds, alone: each test is a branch of it in words.
contract RunTest is Test {
    TaskId private constant TASK = TaskId.wrap(7);
    bytes32 private constant BASE = keccak256("base");
    uint256 private constant NOW = 1_700_000_000;
    uint256 private constant HEIGHT = 1000;

    RunHarness private _run;

    function setUp() external {
        vm.warp(NOW);
        vm.roll(HEIGHT);
        _run = _new(ITaskRegistryTypes.ElectionMode.ModelHashMixed);
    }

    // ------------------------------------------------------------------------------------------------------- openings

    function testFuzz_AnOpeningFixesActiveSetQuorumAndWords(
        uint16 activePick,
        uint16 morePick,
        uint16 quorumPick
    ) external {
        uint256 active = bound(activePick, 1, 1024);
        uint256 members = bound(morePick, active, 1024);
        uint256 quorumBps = bound(quorumPick, 1, 10_000);
        _run.setQuorum(uint16(quorumBps));
        _run.open(active, members);
        (uint256 activeCount, uint256 quorum, uint256 posted, uint256 words) = _run.counts();
        assertEq(activeCount, active);
        require(
            quorum * 10_000 >= quorumBps * active && (quorum - 1) * 10_000 < quorumBps * active,
            "quorum"
        );
        assertEq(posted, 0);
        require(words * 256 >= members && (words - 1) * 256 < members, "words");
    }

    function test_AnOpeningStartsTrainingNow() external {
        _run.open(5, 5);
        require(_run.phase() == Types.Phase.Training, "phase");
        (uint256 openedAt, uint256 phaseStart, uint256 deadline) = _run.clock();
        assertEq(openedAt, NOW);
        assertEq(phaseStart, NOW);
        assertEq(deadline, NOW + 100);
    }

    function test_AnOpeningForgetsTheResultsOfTheOneBefore() external {
        _run.open(5, 5);
        _run.fill(4, (3 << 240) | 99, keccak256("aggregate"));
        assertEq(_run.reportCount(), 3);
        _run.nameRetry();
        _run.open(5, 5);
        (, , uint256 posted, ) = _run.counts();
        assertEq(posted, 0);
        assertEq(_run.reportCount(), 0);
    }

    function test_AnOpeningHasAllAttemptsOfTheTerms() external {
        _run.open(5, 5);
        _run.enterPhase(Types.Phase.Aggregation);
        require(_run.nextAttempt() && _run.nextAttempt() && !_run.nextAttempt(), "three attempts");
        _run.nameRetry();
        _run.open(5, 5);
        (uint256 attemptsLeft, ) = _run.left();
        assertEq(attemptsLeft, 2);
    }

    // -------------------------------------------------------------------------------------------------- next openings

    function test_TheNextRoundStartsFromTheAggregateWithNothingCounted() external {
        _run.fill(5, 0, keccak256("aggregate"));
        require(!_run.countVoid(), "one void round is allowed");
        _run.nameRetry();
        _run.nameNext();
        _expectOpening(2, 0, 0);
        (, uint256 voidsInRow) = _run.left();
        assertEq(voidsInRow, 0);
        require(_run.base() == keccak256("aggregate"), "base");
    }

    function test_ARetryKeepsRoundAndBase() external {
        _run.nameRetry();
        _expectOpening(1, 1, 0);
        require(_run.base() == BASE, "base");
    }

    function test_ARetryAfterAggregationGoesOnWithTheNextAttempt() external {
        _run.open(5, 5);
        _run.enterPhase(Types.Phase.Aggregation);
        _run.nameRetry();
        _expectOpening(1, 1, 1);
    }

    function test_VoidRoundsInARowEndWithTheLastThatTheTermsAllow() external {
        require(!_run.countVoid(), "the first of two");
        require(_run.countVoid(), "the second of two");
    }

    // --------------------------------------------------------------------------------------------------------- phases

    function testFuzz_NoPhaseOutlastsTheHardEnd(uint8 phasePick, uint32 later) external {
        Types.Phase phase = Types.Phase(bound(phasePick, 1, 4));
        uint256 time = NOW + bound(later, 0, 2000);
        vm.warp(time);
        _run.enterPhase(phase);
        uint256 duration = 0;
        if (phase == Types.Phase.Training) duration = 100;
        if (phase == Types.Phase.Aggregation) duration = 20;
        if (phase == Types.Phase.Negotiation) duration = 50;
        (, uint256 phaseStart, uint256 deadline) = _run.clock();
        assertEq(phaseStart, time);
        assertEq(deadline, time + duration < NOW + 1000 ? time + duration : NOW + 1000);
    }

    function test_ATaskRunsInItsThreePhasesOnly() external {
        require(!_run.isRunning(), "before the start");
        for (uint8 phase = 1; phase <= 3; ++phase) {
            _run.enterPhase(Types.Phase(phase));
            require(_run.isRunning(), "in a phase");
        }
        _run.enterPhase(Types.Phase.Ended);
        require(!_run.isRunning(), "after the end");
    }

    function test_APhaseIsDueFromItsDeadlineOnAndTheEndNever() external {
        require(!_run.isDue(), "before the start");
        _run.open(5, 5);
        vm.warp(NOW + 99);
        require(!_run.isDue(), "a second before");
        vm.warp(NOW + 100);
        require(_run.isDue(), "at the deadline");
        _run.enterPhase(Types.Phase.Ended);
        require(!_run.isDue(), "after the end");
    }

    function test_TheNextAttemptHasAClockOfItsOwn() external {
        _run.open(5, 5);
        _run.enterPhase(Types.Phase.Aggregation);
        vm.warp(NOW + 20);
        require(_run.nextAttempt(), "is left");
        _expectOpening(1, 0, 1);
        (, uint256 phaseStart, uint256 deadline) = _run.clock();
        assertEq(phaseStart, NOW + 20);
        assertEq(deadline, NOW + 40);
    }

    function test_WithoutAnAttemptLeftNothingChanges() external {
        _run.open(5, 5);
        _run.enterPhase(Types.Phase.Aggregation);
        require(_run.nextAttempt() && _run.nextAttempt(), "are left");
        vm.warp(NOW + 20);
        require(!_run.nextAttempt(), "is not left");
        _expectOpening(1, 0, 2);
        (, uint256 phaseStart, ) = _run.clock();
        assertEq(phaseStart, NOW);
    }

    // ----------------------------------------------------------------------------------------------------- submissions

    function test_ASubmissionIsTakenUpToASecondBeforeTheDeadline() external {
        _run.open(5, 5);
        vm.warp(NOW + 99);
        _run.beginSubmission(Types.Phase.Training, 1, 0);
        vm.warp(NOW + 100);
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseOver.selector, TASK, NOW + 100));
        _run.beginSubmission(Types.Phase.Training, 1, 0);
    }

    function test_ASubmissionNeedsARunningTask() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.NotRunning.selector, TASK));
        _run.beginSubmission(Types.Phase.Training, 1, 0);
        _run.enterPhase(Types.Phase.Ended);
        vm.expectRevert(abi.encodeWithSelector(Errors.NotRunning.selector, TASK));
        _run.beginSubmission(Types.Phase.Ended, 1, 0);
    }

    function test_ASubmissionNamesRoundAndRetry() external {
        _run.open(5, 5);
        bytes memory wrong = abi.encodeWithSelector(Errors.WrongRound.selector, TASK, 1, 0);
        vm.expectRevert(wrong);
        _run.beginSubmission(Types.Phase.Training, 2, 0);
        vm.expectRevert(wrong);
        _run.beginSubmission(Types.Phase.Training, 1, 1);
    }

    function test_ASubmissionIsForItsPhase() external {
        _run.open(5, 5);
        vm.expectRevert(abi.encodeWithSelector(Errors.WrongPhase.selector, TASK, Types.Phase.Training));
        _run.beginSubmission(Types.Phase.Negotiation, 1, 0);
    }

    function test_ASubmissionSealsTheSeedAsSoonAsItCan() external {
        _run.open(5, 5);
        _run.beginSubmission(Types.Phase.Training, 1, 0);
        (bool seeded, , ) = _run.election();
        require(!seeded, "in the block of the opening");
        vm.roll(HEIGHT + 2);
        _run.beginSubmission(Types.Phase.Training, 1, 0);
        (seeded, , ) = _run.election();
        require(seeded, "two blocks later");
    }

    function test_AnAdvanceNeedsARunningTaskThatIsDue() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.NotRunning.selector, TASK));
        _run.beginAdvance();
        _run.open(5, 5);
        vm.warp(NOW + 99);
        vm.expectRevert(abi.encodeWithSelector(Errors.NotDue.selector, TASK, NOW + 100));
        _run.beginAdvance();
        vm.warp(NOW + 100);
        _run.beginAdvance();
    }

    // -------------------------------------------------------------------------------------------------------- election

    function test_InModeModelHashTheBaseIsTheSeedAtOnce() external {
        _run = _new(ITaskRegistryTypes.ElectionMode.ModelHash);
        _run.open(5, 5);
        (bool seeded, uint256 sealBlock, bytes32 seed) = _run.election();
        require(seeded && seed == BASE, "seed");
        assertEq(sealBlock, 0);
    }

    function test_InModeMixedTheSeedIsThatOfTheBlockAfterTheOpening() external {
        _run.open(5, 5);
        (bool seeded, uint256 sealBlock, ) = _run.election();
        require(!seeded, "seeded");
        assertEq(sealBlock, HEIGHT + 1);
        vm.roll(HEIGHT + 1);
        _run.seal();
        (seeded, , ) = _run.election();
        require(!seeded, "not in the seal block");
        vm.expectRevert(abi.encodeWithSelector(Errors.SeedNotReady.selector, TASK, HEIGHT + 1));
        _run.seedOf();
        vm.roll(HEIGHT + 2);
        bytes32 foretold = _run.seedOf();
        _run.seal();
        bytes32 seed;
        (seeded, , seed) = _run.election();
        require(seeded && seed == foretold, "sealed as foretold");
        require(seed == _mixed(blockhash(HEIGHT + 1)), "mixed");
        require(_run.seedOf() == seed, "as stored");
    }

    function test_ASealedSeedNeverChangesAndARetryKeepsIt() external {
        _run.open(5, 5);
        vm.roll(HEIGHT + 2);
        _run.seal();
        (, , bytes32 seed) = _run.election();
        vm.roll(HEIGHT + 3);
        _run.seal();
        _run.nameRetry();
        _run.open(4, 5);
        (bool seeded, uint256 sealBlock, bytes32 kept) = _run.election();
        require(seeded && kept == seed, "seed");
        assertEq(sealBlock, HEIGHT + 1);
    }

    function test_TheNextRoundAwaitsASealBlockOfItsOwn() external {
        _run.open(5, 5);
        vm.roll(HEIGHT + 2);
        _run.seal();
        _run.nameNext();
        _run.open(5, 5);
        (bool seeded, uint256 sealBlock, ) = _run.election();
        require(!seeded, "seeded");
        assertEq(sealBlock, HEIGHT + 3);
    }

    function test_Past256BlocksTheSeedDoesWithoutAHash() external {
        _run.open(5, 5);
        vm.roll(HEIGHT + 258);
        _run.seal();
        (, , bytes32 seed) = _run.election();
        require(seed == _mixed(0), "seed");
    }

    // -------------------------------------------------------------------------------------------------------- history

    function testFuzz_OpeningsNeverGoBackwards(uint256 choices) external {
        _run.open(5, 5);
        uint256 last = 0;
        for (uint256 i = 0; i < 60; ++i) {
            uint256 choice = (choices >> (4 * i)) & 15;
            if (choice < 4) _run.enterPhase(Types.Phase.Aggregation);
            else if (choice < 8) _run.nextAttempt();
            else if (choice < 12) _run.nameRetry();
            else _run.nameNext();
            (uint256 round, uint256 retry, uint256 attempt) = _run.opening();
            uint256 place = (round << 64) | (retry << 32) | attempt;
            require(place >= last, "backwards");
            last = place;
        }
    }

    function _new(ITaskRegistryTypes.ElectionMode mode) private returns (RunHarness run) {
        run = new RunHarness();
        run.setUp(mode, uint40(NOW + 1000));
        run.nameFirst(BASE, 5000);
    }

    function _mixed(bytes32 blockHash) private pure returns (bytes32) {
        uint256 round = 1;
        if (blockHash == 0) return keccak256(abi.encode(BASE, TASK, round));
        return keccak256(abi.encode(BASE, blockHash, TASK, round));
    }

    function _expectOpening(uint256 round, uint256 retry, uint256 attempt) private view {
        (uint256 round_, uint256 retry_, uint256 attempt_) = _run.opening();
        assertEq(round_, round);
        assertEq(retry_, retry);
        assertEq(attempt_, attempt);
    }
}
