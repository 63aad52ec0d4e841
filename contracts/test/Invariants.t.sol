// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistryTypes} from "../interfaces/INodeRegistry.sol";
import {IRewardLedgerTypes} from "../interfaces/IRewardLedger.sol";
import {IRoundCoordinatorTypes} from "../interfaces/IRoundCoordinator.sol";
import {IStakeVaultTypes} from "../interfaces/IStakeVault.sol";
import {ITaskRegistryTypes} from "../interfaces/ITaskRegistry.sol";
import {NodeRegistry} from "../NodeRegistry.sol";
import {RewardLedger} from "../RewardLedger.sol";
import {RoundCoordinator} from "../RoundCoordinator.sol";
import {StakeVault} from "../StakeVault.sol";
import {TaskRegistry} from "../TaskRegistry.sol";
import {DevelopmentToken} from "../tokens/DevelopmentToken.sol";
import {FederationActions, FederationContracts, firstKey, operatorOf} from "./FederationActions.sol";
import {RoundModel} from "./RoundModel.sol";
import {Test} from "./Test.sol";
import {MemberId} from "../types/MemberId.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @dev Stands in this file because the runner calls only contracts that it finds beside the tests.
contract FederationHandler is FederationActions {
    constructor(FederationContracts memory contracts) FederationActions(contracts) {}
}

/// @title What holds after anything that anyone may do (DESIGN, section 12).
/// @dev Rounds, counts, committees and alpha are compared after every action by RoundModel.
abstract contract Invariants is Test {
    TaskId private constant TASK = TaskId.wrap(1);
    /// @dev More transitions than any state is away from the end: 100,000 s to the limit in phases of 1000 s, and its rounds.
    uint256 private constant MAX_TRANSITIONS = 130;
    FederationHandler internal handler;

    error Insolvent(uint256 held, uint256 owed);
    error Unbalanced(uint256 held, uint256 owed);
    error StillRunning(uint256 transitions);

    function setUp() external {
        vm.warp(1_700_000_000);
        vm.roll(1000);
        FederationContracts memory c = _deploy();
        handler = new FederationHandler(c);
        _publish(c);
        for (uint256 nodeId = 1; nodeId <= 4; ++nodeId) handler.join(nodeId - 1);
        targetContract(address(handler));
    }

    function _deploy() private returns (FederationContracts memory c) {
        INodeRegistryTypes.Founder[] memory founders = new INodeRegistryTypes.Founder[](7);
        for (uint256 i = 0; i < founders.length; ++i) {
            address signer = vm.addr(firstKey(i + 1));
            founders[i] = INodeRegistryTypes.Founder(operatorOf(i + 1), signer, "", "");
        }
        c.registry = new NodeRegistry(founders, 1 days);
        c.tasks = new TaskRegistry(c.registry);
        c.vault = new StakeVault(c.registry, c.tasks, 365 days);
        c.ledger = new RewardLedger(c.registry, c.tasks);
        c.coordinator = new RoundCoordinator(c.registry, c.tasks);
        c.token = new DevelopmentToken();
        c.model = new RoundModel(c.tasks, c.coordinator, c.ledger);
    }

    function _publish(FederationContracts memory c) private {
        IStakeVaultTypes.Permit memory none;
        c.token.mint(address(this), 1_000_000);
        c.token.approve(address(c.tasks), type(uint256).max);
        c.tasks.publish(_terms(c), none);
    }

    function _terms(
        FederationContracts memory c
    ) private view returns (ITaskRegistryTypes.TaskTerms memory t) {
        t.manifestDigest = keccak256("manifest");
        t.initialModelDigest = keccak256("initial model");
        t.maxArtifactBytes = 1 << 20;
        (t.coordinator, t.arbiter) = (address(c.coordinator), address(handler));
        (t.stakeVault, t.rewardLedger) = (address(c.vault), address(c.ledger));
        (t.minNodes, t.maxNodes) = (2, 5);
        (t.stakeToken, t.minStake) = (address(c.token), 100);
        (t.startTime, t.timeLimit) = (uint40(block.timestamp), uint40(block.timestamp + 100_000));
        (t.trainingSeconds, t.aggregationSeconds, t.negotiationSeconds) = (1000, 1000, 1000);
        (t.fetchSeconds, t.objectionSeconds, t.slotSeconds) = (100, 100, 100);
        t.disputeWindowSeconds = 1 days;
        (t.maxAttempts, t.maxVoidRounds) = (2, 3);
        (t.rounds, t.negotiationSteps) = (6, 3);
        (t.alphaUpperBps, t.initialAlphaBps) = (10_000, 5000);
        (t.strategy, t.electionMode) = (_strategy(), _mode());
        (t.gammaBps, t.quorumBps, t.maxSamples, t.maxScore) = (2000, 6000, 100, 10_000);
        (t.reputationInitial, t.reputationMax) = (3, 6);
        (t.rewardToken, t.rewardUnit) = (address(c.token), 7);
        (t.slashRecipient, t.slashBounty) = (handler.RECIPIENT(), 20);
    }

    function _strategy() internal pure virtual returns (ITaskRegistryTypes.Strategy);

    function _mode() internal pure virtual returns (ITaskRegistryTypes.ElectionMode);

    /// @notice The registry holds the escrow it accounts for, and the escrow covers all claims and the refund.
    function invariant_escrowIsSolvent() external view {
        ITaskRegistryTypes.TaskStatus memory status = handler.tasks().status(TASK);
        uint256 held = handler.token().balanceOf(address(handler.tasks()));
        if (held < status.escrow) revert Insolvent(held, status.escrow);
        uint256 owed = handler.ledger().refundable(TASK);
        for (uint256 memberId = 1; memberId <= status.memberCount; ++memberId) {
            IRewardLedgerTypes.Account memory account = handler.ledger().accountOf(
                TASK,
                MemberId.wrap(memberId)
            );
            owed += account.earned - account.claimed;
        }
        if (status.escrow < owed) revert Insolvent(status.escrow, owed);
    }

    /// @notice No stake appears or disappears: what the vault holds is stake, withdrawals under way, or proceeds.
    function invariant_stakeIsConserved() external view {
        address token = address(handler.token());
        uint256 owed = handler.vault().proceedsOf(handler.RECIPIENT(), token);
        for (uint256 nodeId = 1; nodeId <= handler.NODES(); ++nodeId) {
            owed += handler.vault().stakeOf(NodeId.wrap(nodeId), token);
            owed += handler.vault().proceedsOf(handler.operator(nodeId), token);
            IStakeVaultTypes.PendingWithdrawal[] memory pending = handler.vault().pendingOf(
                NodeId.wrap(nodeId),
                token
            );
            for (uint256 i = 0; i < pending.length; ++i) owed += pending[i].amount;
        }
        uint256 held = handler.token().balanceOf(address(handler.vault()));
        if (held != owed) revert Unbalanced(held, owed);
        if (handler.vault().liabilities(token) != owed)
            revert Unbalanced(handler.vault().liabilities(token), owed);
    }

    /// @notice The active array, the members' positions and the bitmap tell the same.
    function invariant_rosterIsConsistent() external view {
        uint16[] memory active = handler.tasks().activeMembers(TASK);
        uint256 bitmap = handler.tasks().activeBitmap(TASK)[0];
        for (uint256 position = 0; position < active.length; ++position) {
            NodeId nodeId = handler.tasks().nodeIdOfMember(TASK, MemberId.wrap(active[position]));
            ITaskRegistryTypes.Member memory self = handler.tasks().member(TASK, nodeId);
            assertEq(self.memberId, active[position]);
            assertEq(self.position, position);
            assertEq(MemberId.unwrap(handler.tasks().activeMemberId(TASK, nodeId)), active[position]);
            assertEq((bitmap >> (active[position] - 1)) & 1, 1);
            bitmap ^= 1 << (active[position] - 1);
        }
        assertEq(bitmap, 0);
    }

    /// @notice Whatever state a running task is in, time alone ends it: through its phases, or at once at the hard end.
    function invariant_timeEndsTheTask() external {
        IRoundCoordinatorTypes.RoundView memory r = handler.coordinator().roundOf(TASK);
        if (r.phase == IRoundCoordinatorTypes.Phase.None) return;
        vm.roll(handler.height() + 300);
        uint256 transitions = 0;
        while (r.phase != IRoundCoordinatorTypes.Phase.Ended) {
            if (++transitions > MAX_TRANSITIONS) revert StillRunning(transitions);
            vm.warp(r.deadline > handler.time() ? r.deadline : handler.time());
            handler.coordinator().advance(TASK);
            r = handler.coordinator().roundOf(TASK);
        }
        _everyoneIsPaid();
    }

    /// @notice The same, in one call at the hard end.
    function invariant_hardEndEndsTheTaskAtOnce() external {
        IRoundCoordinatorTypes.RoundView memory r = handler.coordinator().roundOf(TASK);
        if (r.phase == IRoundCoordinatorTypes.Phase.None || r.phase == IRoundCoordinatorTypes.Phase.Ended)
            return;
        vm.roll(handler.height() + 1);
        vm.warp(r.hardEnd > handler.time() ? r.hardEnd : handler.time());
        handler.coordinator().advance(TASK);
        if (handler.coordinator().roundOf(TASK).phase != IRoundCoordinatorTypes.Phase.Ended)
            revert StillRunning(1);
        _everyoneIsPaid();
    }

    /// @dev The publisher takes what is free, all members claim, the publisher takes the rest; nothing stays.
    function _everyoneIsPaid() private {
        RewardLedger ledger = handler.ledger();
        TaskRegistry tasks = handler.tasks();
        uint256 members = tasks.status(TASK).memberCount;
        if (ledger.refundable(TASK) != 0) ledger.refund(TASK);
        for (uint256 number = 1; number <= members; ++number) {
            MemberId memberId = MemberId.wrap(number);
            IRewardLedgerTypes.Account memory account = ledger.accountOf(TASK, memberId);
            address operator = operatorOf(NodeId.unwrap(tasks.nodeIdOfMember(TASK, memberId)));
            if (account.earned > account.claimed) {
                vm.prank(operator);
                assertEq(ledger.claim(TASK, memberId, operator), uint256(account.earned) - account.claimed);
            }
            uint256 settled = ledger.storedAccountOf(TASK, memberId).settledRounds;
            if (settled < ledger.recordedRounds(TASK)) ledger.settle(TASK, memberId, 100);
        }
        if (ledger.refundable(TASK) != 0) ledger.refund(TASK);
        assertEq(tasks.status(TASK).escrow, 0);
    }
}

contract ArgmaxMeanInvariantsTest is Invariants {
    function _strategy() internal pure override returns (ITaskRegistryTypes.Strategy) {
        return ITaskRegistryTypes.Strategy.ArgmaxMean;
    }

    function _mode() internal pure override returns (ITaskRegistryTypes.ElectionMode) {
        return ITaskRegistryTypes.ElectionMode.ModelHashMixed;
    }
}

contract MinVarianceInvariantsTest is Invariants {
    function _strategy() internal pure override returns (ITaskRegistryTypes.Strategy) {
        return ITaskRegistryTypes.Strategy.MinVariance;
    }

    function _mode() internal pure override returns (ITaskRegistryTypes.ElectionMode) {
        return ITaskRegistryTypes.ElectionMode.ModelHash;
    }
}
