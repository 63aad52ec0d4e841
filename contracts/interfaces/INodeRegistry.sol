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
    event Voted(
        uint256 indexed proposalId,
        NodeId indexed voterNodeId,
        bool approve,
        uint256 approvals,
        uint256 rejections
    );
    event ProposalClosed(uint256 indexed proposalId, ProposalState state);
    event NodeAdmitted(
        NodeId indexed nodeId,
        address indexed operator,
        address indexed signer,
        bytes encryptionKey,
        string endpoints
    );
    event NodeRemoved(NodeId indexed nodeId, uint256 removalIndex);
    /// @param effectiveFrom First second for whose rounds the new signer counts.
    event SignerChanged(
        NodeId indexed nodeId,
        address indexed previous,
        address indexed signer,
        uint256 effectiveFrom
    );
    event EndpointsChanged(NodeId indexed nodeId, string endpoints);
    event EncryptionKeyChanged(NodeId indexed nodeId, bytes encryptionKey);
}

/// @title Who takes part: identity, admission and removal by majority vote, keys, endpoints.
/// @dev Node ids count from 1 and are never reused. Paper 1, section 3.1.
interface INodeRegistry is INodeRegistryErrors, INodeRegistryEvents {
    /// @notice Asks for admission; the caller becomes the operator once a majority approves.
    function applyForAdmission(
        address signer,
        bytes calldata encryptionKey,
        string calldata endpoints
    ) external returns (uint256 proposalId);

    /// @notice Proposes to remove a member; only members. The proposer's own vote is not cast.
    function proposeRemoval(NodeId nodeId) external returns (uint256 proposalId);

    /// @notice Casts the caller's vote. The vote that completes a majority (approvals * 2 > electorate) executes the
    /// proposal; the one that makes a majority impossible (rejections * 2 >= electorate) closes it.
    function vote(uint256 proposalId, bool approve) external;

    /// @notice Leaves the registry; removes the caller's node from every task at its next round.
    function resign() external;

    /// @notice Sets the signer of the caller's node for rounds that open after this second.
    function setSigner(address signer) external;

    function setEndpoints(string calldata endpoints) external;

    function setEncryptionKey(bytes calldata encryptionKey) external;

    function node(NodeId nodeId) external view returns (NodeInfo memory);

    /// @notice Node id of an operator that is a member, else 0.
    function nodeIdOf(address operator) external view returns (NodeId);

    /// @notice Node that an account signs or ever signed for, else 0: old keys stay attributable.
    function nodeOfSigner(address signer) external view returns (NodeId);

    function operatorOf(NodeId nodeId) external view returns (address);

    function isMember(NodeId nodeId) external view returns (bool);

    /// @notice The signer that counted at `timestamp`.
    function signerAt(NodeId nodeId, uint256 timestamp) external view returns (address);

    /// @notice Nodes ever admitted; the latest has this id.
    function nodeCount() external view returns (uint256);

    function memberCount() external view returns (uint256);

    function proposal(uint256 proposalId) external view returns (Proposal memory);

    function proposalCount() external view returns (uint256);

    function hasVoted(uint256 proposalId, NodeId nodeId) external view returns (bool);

    function votingPeriod() external view returns (uint256);

    /// @notice Length of the append-only list of removed nodes, which tasks follow with a cursor.
    function removalCount() external view returns (uint256);

    function removedNode(uint256 index) external view returns (NodeId nodeId);
}
