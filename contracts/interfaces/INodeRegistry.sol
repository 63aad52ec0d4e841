// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId} from "../types/NodeId.sol";

/// @notice Types of the node registry.
interface INodeRegistryTypes {
    /// @notice What a vote decides.
    enum ProposalKind {
        Admission,
        Removal
    }

    /// @notice Outcome of a vote; `Expired` is derived in views, never stored.
    enum ProposalState {
        None,
        Open,
        Passed,
        Rejected,
        Expired
    }

    /// @notice A founding member, admitted by the constructor.
    /// @param operator Account that owns the node: votes, stakes, joins, claims.
    /// @param signer Account (or ERC-1271 contract) that signs the node's results.
    /// @param encryptionKey Public key for sealed messages; empty when the node has none.
    /// @param endpoints Where the node serves artifacts, at most 512 bytes.
    struct Founder {
        address operator;
        address signer;
        bytes encryptionKey;
        string endpoints;
    }

    /// @notice What the registry knows of a node.
    struct NodeInfo {
        address operator;
        address signer;
        bool isMember;
        uint40 admittedAt;
        bytes encryptionKey;
        string endpoints;
    }

    /// @notice A vote on one node.
    /// @param electorate Members when the proposal was made: the fixed denominator of the majority.
    /// @param lastVoter Highest node id that may vote: later members may not.
    struct Proposal {
        ProposalKind kind;
        ProposalState state;
        uint32 nodeId;
        uint32 electorate;
        uint32 lastVoter;
        uint32 approvals;
        uint32 rejections;
        uint40 expiresAt;
        address operator;
        address signer;
        bytes encryptionKey;
        string endpoints;
    }
}

/// @notice Errors of the node registry.
interface INodeRegistryErrors is INodeRegistryTypes {
    error NoFounders();
    error ZeroAddress();
    error InvalidVotingPeriod(uint256 seconds_);
    error OperatorTaken(address operator);
    error SignerTaken(address signer);
    error EndpointsTooLong(uint256 length, uint256 max);
    /// @dev Byte `index` is no printable ASCII character. Addresses are; anything else could stop whoever decodes a string.
    error EndpointsNotPrintable(uint256 index);
    error EncryptionKeyTooLong(uint256 length, uint256 max);
    error NotMember(address account);
    error UnknownNode(NodeId nodeId);
    error UnknownProposal(uint256 proposalId);
    error ProposalNotOpen(uint256 proposalId, ProposalState state);
    error NotInElectorate(uint256 proposalId, NodeId nodeId);
    error AlreadyVoted(uint256 proposalId, NodeId nodeId);
    error ProposalPending(uint256 proposalId);
}

/// @notice Events of the node registry.
interface INodeRegistryEvents is INodeRegistryTypes {
    /// @notice A vote is open.
    /// @param nodeId Whom a removal is about; 0 for an admission.
    /// @param electorate Members now: the fixed
    /// denominator.
    /// @param lastVoter Highest node id that may vote.
    /// @param expiresAt Unix seconds.
    event ProposalCreated(
        uint256 indexed proposalId,
        ProposalKind indexed kind,
        NodeId indexed nodeId,
        address operator,
        address signer,
        bytes encryptionKey,
        string endpoints,
        uint256 electorate,
        uint256 lastVoter,
        uint256 expiresAt
    );

    /// @notice A member voted.
    /// @param approvals Votes for it so far, this one included;
    /// @param rejections against it.
    event Voted(
        uint256 indexed proposalId,
        NodeId indexed voterNodeId,
        bool approve,
        uint256 approvals,
        uint256 rejections
    );

    /// @notice A vote was decided: Passed or Rejected. A vote that expires closes without an event.
    event ProposalClosed(uint256 indexed proposalId, ProposalState state);

    /// @notice A node is a member, as a founder or by a vote.
    event NodeAdmitted(
        NodeId indexed nodeId,
        address indexed operator,
        address indexed signer,
        bytes encryptionKey,
        string endpoints
    );

    /// @notice A node is a member no longer.
    /// @param removalIndex Its place in the list that tasks follow.
    event NodeRemoved(NodeId indexed nodeId, uint256 removalIndex);

    /// @notice A node signs with another key.
    /// @param effectiveFrom First second for whose rounds the new signer counts.
    event SignerChanged(
        NodeId indexed nodeId,
        address indexed previous,
        address indexed signer,
        uint256 effectiveFrom
    );

    /// @notice A node serves its artifacts elsewhere.
    event EndpointsChanged(NodeId indexed nodeId, string endpoints);

    /// @notice A node can be written to under another key; empty: under none.
    event EncryptionKeyChanged(NodeId indexed nodeId, bytes encryptionKey);
}

/// @title Who takes part: identity, admission and removal by majority vote, keys, endpoints.
/// @dev Node ids count from 1 and are never reused. Paper 1, section 3.1.
interface INodeRegistry is INodeRegistryErrors, INodeRegistryEvents {
    /// @notice Asks for admission; the caller becomes the operator once a majority approves.
    /// @dev *Effects*: a vote is open. Emits ProposalCreated.
    /// *Requirements*: the caller operates no member and has no vote open; the signer never signed for a node; key and endpoints are at
    /// most 512 bytes each, endpoints printable ASCII.
    /// *Reverts*: OperatorTaken, ProposalPending, ZeroAddress, SignerTaken, EncryptionKeyTooLong, EndpointsTooLong,
    /// EndpointsNotPrintable.
    function applyForAdmission(
        address signer,
        bytes calldata encryptionKey,
        string calldata endpoints
    ) external returns (uint256 proposalId);

    /// @notice Proposes to remove a member; only members. The proposer's own vote is not cast.
    /// @dev *Effects*: a vote is open. Emits ProposalCreated.
    /// *Requirements*: the caller operates a member; the node is one, and no vote on its removal is open.
    /// *Reverts*: NotMember, UnknownNode, ProposalPending.
    function proposeRemoval(NodeId nodeId) external returns (uint256 proposalId);

    /// @notice Casts the caller's vote. The vote that completes a majority (approvals * 2 > electorate) executes the
    /// proposal; the one that makes a majority impossible (rejections * 2 >= electorate) closes it.
    /// @dev *Effects*: the vote counts; the node is admitted or removed, or the proposal rejected, where that is decided. Emits Voted,
    /// ProposalClosed, NodeAdmitted or NodeRemoved.
    /// *Requirements*: the caller operates a member that was one when the vote began and has not voted; the vote is open; the signer of
    /// an admission is still free.
    /// *Reverts*: NotMember, UnknownProposal, ProposalNotOpen, NotInElectorate, AlreadyVoted, SignerTaken.
    function vote(uint256 proposalId, bool approve) external;

    /// @notice Leaves the registry; removes the caller's node from every task at its next round.
    /// @dev *Effects*: the node is a member no longer. Emits NodeRemoved.
    /// *Requirements*: the caller operates a member.
    /// *Reverts*: NotMember.
    function resign() external;

    /// @notice Sets the signer of the caller's node for rounds that open after this second.
    /// @dev *Effects*: the old signer counts until then and stays the node's for ever. Emits SignerChanged.
    /// *Requirements*: the caller operates a member; the signer never signed for another node.
    /// *Reverts*: NotMember, ZeroAddress, SignerTaken.
    function setSigner(address signer) external;

    /// @notice Says where the caller's node serves its artifacts.
    /// @dev *Effects*: replaces what was said before. Emits EndpointsChanged.
    /// *Requirements*: the caller operates a member; at most 512 bytes of printable ASCII.
    /// *Reverts*: NotMember, EndpointsTooLong, EndpointsNotPrintable.
    function setEndpoints(string calldata endpoints) external;

    /// @notice Sets the public key for sealed messages to the caller's node; empty for none.
    /// @dev *Effects*: replaces the key. Emits EncryptionKeyChanged.
    /// *Requirements*: the caller operates a member; at most 512 bytes.
    /// *Reverts*: NotMember, EncryptionKeyTooLong.
    function setEncryptionKey(bytes calldata encryptionKey) external;

    /// @notice What the registry knows of a node, also of one that was removed.
    /// @dev *Reverts*: UnknownNode.
    function node(NodeId nodeId) external view returns (NodeInfo memory);

    /// @notice Node id of an operator that is a member, else 0.
    function nodeIdOf(address operator) external view returns (NodeId);

    /// @notice Node that an account signs or ever signed for, else 0: old keys stay attributable.
    function nodeOfSigner(address signer) external view returns (NodeId);

    /// @notice Who owns a node, also one that was removed; zero for an id that was never given.
    function operatorOf(NodeId nodeId) external view returns (address);

    /// @notice Whether a node is a member now.
    function isMember(NodeId nodeId) external view returns (bool);

    /// @notice The signer that counted at `timestamp`; zero before the node was admitted.
    function signerAt(NodeId nodeId, uint256 timestamp) external view returns (address);

    /// @notice Nodes ever admitted; the latest has this id.
    function nodeCount() external view returns (uint256);

    /// @notice Members now.
    function memberCount() external view returns (uint256);

    /// @notice A vote, its state derived by the clock.
    /// @dev *Reverts*: UnknownProposal.
    function proposal(uint256 proposalId) external view returns (Proposal memory);

    /// @notice Votes ever opened; the latest has this id.
    function proposalCount() external view returns (uint256);

    /// @notice Whether a node has voted on a proposal.
    function hasVoted(uint256 proposalId, NodeId nodeId) external view returns (bool);

    /// @notice Seconds for which a vote stays open.
    function votingPeriod() external view returns (uint256);

    /// @notice Length of the append-only list of removed nodes, which tasks follow with a cursor.
    function removalCount() external view returns (uint256);

    /// @notice An entry of that list.
    /// @dev *Reverts*: with a panic past its end.
    function removedNode(uint256 index) external view returns (NodeId nodeId);
}
