// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {NodeId} from "../types/NodeId.sol";
import {TaskId} from "../types/TaskId.sol";

/// @title EIP-712 structs of off-chain results and the check of their signatures.
library SignedResults {
    bytes32 internal constant LOCAL_UPDATE = keccak256(
        "LocalUpdate(uint256 taskId,uint256 round,uint256 retry,bytes32 base,uint256 node,bytes32 digest,uint256 samples)"
    );
    bytes32 internal constant ACCURACY_REPORT = keccak256(
        "AccuracyReport(uint256 taskId,uint256 round,uint256 retry,bytes32 base,uint256 node,bytes32 aggregate,uint256 scores)"
    );
    bytes32 internal constant AGGREGATE_ATTESTATION = keccak256(
        "AggregateAttestation(uint256 taskId,uint256 round,uint256 retry,uint256 attempt,bytes32 base,bytes32 digest,uint256[] accepted,uint256[] rejected)"
    );

    /// @notice Gas that an ERC-1271 signer may use.
    uint256 internal constant CONTRACT_SIGNATURE_GAS = 100_000;

    /// @notice What all results of one opening of a round share.
    struct Opening {
        TaskId taskId;
        uint256 round;
        uint256 retry;
        bytes32 base;
    }

    function hashUpdate(
        Opening memory opening,
        NodeId nodeId,
        bytes32 digest,
        uint256 samples
    ) internal pure returns (bytes32) {
        return _hashResult(LOCAL_UPDATE, opening, nodeId, digest, bytes32(samples));
    }

    function hashReport(
        Opening memory opening,
        NodeId nodeId,
        bytes32 aggregate,
        uint256 scores
    ) internal pure returns (bytes32) {
        return _hashResult(ACCURACY_REPORT, opening, nodeId, aggregate, bytes32(scores));
    }

    function hashAttestation(
        Opening memory opening,
        uint256 attempt,
        bytes32 digest,
        uint256[] calldata accepted,
        uint256[] calldata rejected
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    AGGREGATE_ATTESTATION,
                    opening.taskId,
                    opening.round,
                    opening.retry,
                    attempt,
                    opening.base,
                    digest,
                    keccak256(abi.encodePacked(accepted)),
                    keccak256(abi.encodePacked(rejected))
                )
            );
    }

    /// @notice Whether `signature` over `hash` is the signer's: ECDSA first (65 bytes, low s), else ERC-1271.
    function isValid(address signer, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        if (signature.length == 65) {
            (address recovered, ECDSA.RecoverError problem, ) = ECDSA.tryRecoverCalldata(hash, signature);
            if (problem == ECDSA.RecoverError.NoError && recovered == signer) return true;
        }
        return signer.code.length != 0 && _contractAccepts(signer, hash, signature);
    }

    /// @dev LocalUpdate and AccuracyReport differ in their type hash and in the names of the last two fields only.
    function _hashResult(
        bytes32 typeHash,
        Opening memory opening,
        NodeId nodeId,
        bytes32 digest,
        bytes32 last
    ) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    typeHash,
                    opening.taskId,
                    opening.round,
                    opening.retry,
                    opening.base,
                    nodeId,
                    digest,
                    last
                )
            );
    }

    /// @dev Assembly, because only one word of the answer may be copied: a signer that returns megabytes would bill the relayer.
    function _contractAccepts(
        address signer,
        bytes32 hash,
        bytes calldata signature
    ) private view returns (bool accepted) {
        bytes memory query = abi.encodeCall(IERC1271.isValidSignature, (hash, signature));
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        assembly ("memory-safe") {
            let ok := staticcall(CONTRACT_SIGNATURE_GAS, signer, add(query, 32), mload(query), 0, 32)
            accepted := and(and(ok, gt(returndatasize(), 31)), eq(mload(0), magic))
        }
    }
}
