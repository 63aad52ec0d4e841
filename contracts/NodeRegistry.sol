// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {NodeId} from "./types/NodeId.sol";

/// @title Who takes part: identity, admission and removal by majority vote, keys, endpoints.
/// @dev No owner: the constructor lists the founders, everything after is decided by their votes.
contract NodeRegistry is INodeRegistry {
    using Checkpoints for Checkpoints.Trace160;

    /// @dev Bounds what every reader of the events has to store for a node.
    uint256 public constant MAX_ENDPOINTS_BYTES = 512;
    uint256 public constant MAX_ENCRYPTION_KEY_BYTES = 512;
    uint256 public constant MAX_VOTING_PERIOD = 365 days;

    NodeId private constant NO_NODE = NodeId.wrap(0);

    /// @param signers Signer by the first second in which it counts; never shortened.
    struct Node {
        address operator;
        bool isMember;
        uint40 admittedAt;
        Checkpoints.Trace160 signers;
        bytes encryptionKey;
        string endpoints;
    }

    /// @inheritdoc INodeRegistry
    uint256 public immutable votingPeriod;

    /// @inheritdoc INodeRegistry
    uint256 public nodeCount;
    /// @inheritdoc INodeRegistry
    uint256 public memberCount;
    /// @inheritdoc INodeRegistry
    uint256 public proposalCount;
    /// @inheritdoc INodeRegistry
    mapping(address operator => NodeId nodeId) public nodeIdOf;
    /// @inheritdoc INodeRegistry
    mapping(address signer => NodeId nodeId) public nodeOfSigner;
    /// @inheritdoc INodeRegistry
    mapping(uint256 proposalId => mapping(NodeId nodeId => bool voted)) public hasVoted;

    mapping(NodeId nodeId => Node node) private _nodes;
    mapping(uint256 proposalId => Proposal proposal) private _proposals;
    mapping(address operator => uint256 proposalId) private _latestAdmission;
    mapping(NodeId nodeId => uint256 proposalId) private _latestRemoval;
    uint32[] private _removals;

    constructor(Founder[] memory founders, uint256 votingPeriod_) {
        if (founders.length == 0) revert NoFounders();
        if (votingPeriod_ == 0 || votingPeriod_ > MAX_VOTING_PERIOD)
            revert InvalidVotingPeriod(votingPeriod_);
        votingPeriod = votingPeriod_;
        for (uint256 i = 0; i < founders.length; ++i) {
            Founder memory founder = founders[i];
            if (founder.operator == address(0)) revert ZeroAddress();
            if (!nodeIdOf[founder.operator].isNoNode()) revert OperatorTaken(founder.operator);
            _checkKeyAndEndpoints(founder.encryptionKey, founder.endpoints);
            _admit(founder.operator, founder.signer, founder.encryptionKey, founder.endpoints);
        }
    }

    /// @inheritdoc INodeRegistry
    function applyForAdmission(
        address signer,
        bytes calldata encryptionKey,
        string calldata endpoints
    ) external returns (uint256 proposalId) {
        if (!nodeIdOf[msg.sender].isNoNode()) revert OperatorTaken(msg.sender);
        uint256 pending = _latestAdmission[msg.sender];
        if (_stateOf(pending) == ProposalState.Open) revert ProposalPending(pending);
        _checkSigner(signer, NO_NODE);
        _checkKeyAndEndpoints(encryptionKey, endpoints);

        proposalId = _propose(ProposalKind.Admission, NO_NODE, msg.sender, signer, encryptionKey, endpoints);
        _latestAdmission[msg.sender] = proposalId;
    }

    /// @inheritdoc INodeRegistry
    function proposeRemoval(NodeId nodeId) external returns (uint256 proposalId) {
        _callerNode();
        Node storage subject = _nodes[nodeId];
        if (!subject.isMember) revert UnknownNode(nodeId);
        uint256 pending = _latestRemoval[nodeId];
        if (_stateOf(pending) == ProposalState.Open) revert ProposalPending(pending);

        proposalId = _propose(
            ProposalKind.Removal,
            nodeId,
            subject.operator,
            address(subject.signers.latest()),
            "",
            ""
        );
        _latestRemoval[nodeId] = proposalId;
    }

    /// @inheritdoc INodeRegistry
    function vote(uint256 proposalId, bool approve) external {
        NodeId voter = _callerNode();
        ProposalState state = _stateOf(proposalId);
        if (state == ProposalState.None) revert UnknownProposal(proposalId);
        if (state != ProposalState.Open) revert ProposalNotOpen(proposalId, state);
        Proposal storage subject = _proposals[proposalId];
        if (NodeId.unwrap(voter) > subject.lastVoter) revert NotInElectorate(proposalId, voter);
        if (hasVoted[proposalId][voter]) revert AlreadyVoted(proposalId, voter);

        hasVoted[proposalId][voter] = true;
        if (approve) ++subject.approvals;
        else ++subject.rejections;
        emit Voted(proposalId, voter, approve, subject.approvals, subject.rejections);

        if (uint256(subject.approvals) * 2 > subject.electorate) {
            _execute(proposalId);
        } else if (uint256(subject.rejections) * 2 >= subject.electorate) {
            subject.state = ProposalState.Rejected;
            emit ProposalClosed(proposalId, ProposalState.Rejected);
        }
    }

    /// @inheritdoc INodeRegistry
    function resign() external {
        _remove(_callerNode());
    }

    /// @inheritdoc INodeRegistry
    function setSigner(address signer) external {
        NodeId nodeId = _callerNode();
        _checkSigner(signer, nodeId);
        Node storage self = _nodes[nodeId];
        address previous = address(self.signers.latest());
        uint256 effectiveFrom = block.timestamp + 1;
        self.signers.push(uint96(effectiveFrom), uint160(signer));
        nodeOfSigner[signer] = nodeId;
        emit SignerChanged(nodeId, previous, signer, effectiveFrom);
    }

    /// @inheritdoc INodeRegistry
    function setEndpoints(string calldata endpoints) external {
        NodeId nodeId = _callerNode();
        _checkKeyAndEndpoints("", endpoints);
        _nodes[nodeId].endpoints = endpoints;
        emit EndpointsChanged(nodeId, endpoints);
    }

    /// @inheritdoc INodeRegistry
    function setEncryptionKey(bytes calldata encryptionKey) external {
        NodeId nodeId = _callerNode();
        _checkKeyAndEndpoints(encryptionKey, "");
        _nodes[nodeId].encryptionKey = encryptionKey;
        emit EncryptionKeyChanged(nodeId, encryptionKey);
    }

    /// @inheritdoc INodeRegistry
    function node(NodeId nodeId) external view returns (NodeInfo memory) {
        Node storage self = _known(nodeId);
        return
            NodeInfo({
                operator: self.operator,
                signer: address(self.signers.latest()),
                isMember: self.isMember,
                admittedAt: self.admittedAt,
                encryptionKey: self.encryptionKey,
                endpoints: self.endpoints
            });
    }

    /// @inheritdoc INodeRegistry
    function operatorOf(NodeId nodeId) external view returns (address) {
        return _nodes[nodeId].operator;
    }

    /// @inheritdoc INodeRegistry
    function isMember(NodeId nodeId) external view returns (bool) {
        return _nodes[nodeId].isMember;
    }

    /// @inheritdoc INodeRegistry
    function signerAt(NodeId nodeId, uint256 timestamp) external view returns (address) {
        return address(_nodes[nodeId].signers.upperLookupRecent(uint96(timestamp)));
    }

    /// @inheritdoc INodeRegistry
    function proposal(uint256 proposalId) external view returns (Proposal memory result) {
        ProposalState state = _stateOf(proposalId);
        if (state == ProposalState.None) revert UnknownProposal(proposalId);
        result = _proposals[proposalId];
        result.state = state;
    }

    /// @inheritdoc INodeRegistry
    function removalCount() external view returns (uint256) {
        return _removals.length;
    }

    /// @inheritdoc INodeRegistry
    function removedNode(uint256 index) external view returns (NodeId nodeId) {
        return NodeId.wrap(_removals[index]);
    }

    /// @dev The caller's node; only members act.
    function _callerNode() private view returns (NodeId nodeId) {
        nodeId = nodeIdOf[msg.sender];
        if (nodeId.isNoNode()) revert NotMember(msg.sender);
    }

    function _known(NodeId nodeId) private view returns (Node storage self) {
        self = _nodes[nodeId];
        if (self.operator == address(0)) revert UnknownNode(nodeId);
    }

    /// @dev The stored state, or Expired: after the voting period, and for a removal whose node has left by itself.
    function _stateOf(uint256 proposalId) private view returns (ProposalState state) {
        Proposal storage subject = _proposals[proposalId];
        state = subject.state;
        if (state != ProposalState.Open) return state;
        if (block.timestamp >= subject.expiresAt) return ProposalState.Expired;
        if (subject.kind == ProposalKind.Removal && !_nodes[NodeId.wrap(subject.nodeId)].isMember)
            return ProposalState.Expired;
    }

    function _propose(
        ProposalKind kind,
        NodeId nodeId,
        address operator,
        address signer,
        bytes memory encryptionKey,
        string memory endpoints
    ) private returns (uint256 proposalId) {
        proposalId = ++proposalCount;
        Proposal storage subject = _proposals[proposalId];
        subject.kind = kind;
        subject.state = ProposalState.Open;
        subject.nodeId = uint32(NodeId.unwrap(nodeId));
        subject.electorate = uint32(memberCount);
        subject.lastVoter = uint32(nodeCount);
        subject.expiresAt = uint40(block.timestamp + votingPeriod);
        subject.operator = operator;
        subject.signer = signer;
        subject.encryptionKey = encryptionKey;
        subject.endpoints = endpoints;
        emit ProposalCreated(
            proposalId,
            kind,
            nodeId,
            operator,
            signer,
            encryptionKey,
            endpoints,
            subject.electorate,
            subject.lastVoter,
            subject.expiresAt
        );
    }

    /// @dev Closes before it acts. An admission whose signer was taken meanwhile reverts and so expires.
    function _execute(uint256 proposalId) private {
        Proposal storage subject = _proposals[proposalId];
        subject.state = ProposalState.Passed;
        emit ProposalClosed(proposalId, ProposalState.Passed);
        if (subject.kind == ProposalKind.Removal) {
            _remove(NodeId.wrap(subject.nodeId));
        } else {
            NodeId admitted = _admit(
                subject.operator,
                subject.signer,
                subject.encryptionKey,
                subject.endpoints
            );
            subject.nodeId = uint32(NodeId.unwrap(admitted));
        }
    }

    function _admit(
        address operator,
        address signer,
        bytes memory encryptionKey,
        string memory endpoints
    ) private returns (NodeId nodeId) {
        _checkSigner(signer, NO_NODE);
        nodeId = NodeId.wrap(++nodeCount);
        ++memberCount;
        Node storage self = _nodes[nodeId];
        self.operator = operator;
        self.isMember = true;
        self.admittedAt = uint40(block.timestamp);
        self.signers.push(uint96(block.timestamp), uint160(signer));
        self.encryptionKey = encryptionKey;
        self.endpoints = endpoints;
        nodeIdOf[operator] = nodeId;
        nodeOfSigner[signer] = nodeId;
        emit NodeAdmitted(nodeId, operator, signer, encryptionKey, endpoints);
    }

    function _remove(NodeId nodeId) private {
        Node storage self = _nodes[nodeId];
        self.isMember = false;
        nodeIdOf[self.operator] = NO_NODE;
        --memberCount;
        emit NodeRemoved(nodeId, _removals.length);
        _removals.push(uint32(NodeId.unwrap(nodeId)));
    }

    /// @dev A signer belongs to one node for ever, so that what it ever signed stays attributable.
    function _checkSigner(address signer, NodeId nodeId) private view {
        if (signer == address(0)) revert ZeroAddress();
        NodeId owner = nodeOfSigner[signer];
        if (!owner.isNoNode() && owner != nodeId) revert SignerTaken(signer);
    }

    function _checkKeyAndEndpoints(bytes memory encryptionKey, string memory endpoints) private pure {
        if (encryptionKey.length > MAX_ENCRYPTION_KEY_BYTES) {
            revert EncryptionKeyTooLong(encryptionKey.length, MAX_ENCRYPTION_KEY_BYTES);
        }
        uint256 length = bytes(endpoints).length;
        if (length > MAX_ENDPOINTS_BYTES) revert EndpointsTooLong(length, MAX_ENDPOINTS_BYTES);
        for (uint256 i = 0; i < length; ++i) {
            bytes1 character = bytes(endpoints)[i];
            if (character < 0x20 || character > 0x7e) revert EndpointsNotPrintable(i);
        }
    }
}
