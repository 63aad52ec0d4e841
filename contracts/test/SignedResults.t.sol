// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignedResults} from "../libraries/SignedResults.sol";
import {ContractSigner} from "./ContractSigner.sol";
import {Test} from "./Test.sol";
import {NodeId} from "../types/NodeId.sol";

/// @dev The library reads arrays and signatures from calldata, so that a test calls it from outside.
contract SignedResultsHarness {
    function hashAttestation(
        SignedResults.Opening memory opening,
        uint256 attempt,
        bytes32 digest,
        uint256[] calldata accepted,
        uint256[] calldata rejected
    ) external pure returns (bytes32) {
        return SignedResults.hashAttestation(opening, attempt, digest, accepted, rejected);
    }

    function isValid(address signer, bytes32 hash, bytes calldata signature) external view returns (bool) {
        return SignedResults.isValid(signer, hash, signature);
    }
}

/// @notice Struct hashes against plain abi.encode, and who counts as the signer.
contract SignedResultsTest is Test {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    SignedResultsHarness private _harness = new SignedResultsHarness();

    function testFuzz_UpdateHashIsThatOfItsFieldsInOrder(
        SignedResults.Opening memory opening,
        NodeId node,
        bytes32 digest,
        uint256 samples
    ) external pure {
        bytes32 typeHash = keccak256(
            "LocalUpdate(uint256 taskId,uint256 round,uint256 retry,bytes32 base,uint256 node,bytes32 digest,uint256 samples)"
        );
        bytes32 plain = keccak256(abi.encode(typeHash, opening, node, digest, samples));
        require(SignedResults.hashUpdate(opening, node, digest, samples) == plain, "hash");
    }

    function testFuzz_ReportHashIsThatOfItsFieldsInOrder(
        SignedResults.Opening memory opening,
        NodeId node,
        bytes32 aggregate,
        uint256 scores
    ) external pure {
        bytes32 typeHash = keccak256(
            "AccuracyReport(uint256 taskId,uint256 round,uint256 retry,bytes32 base,uint256 node,bytes32 aggregate,uint256 scores)"
        );
        bytes32 plain = keccak256(abi.encode(typeHash, opening, node, aggregate, scores));
        require(SignedResults.hashReport(opening, node, aggregate, scores) == plain, "hash");
    }

    function testFuzz_AttestationHashCoversBothBitmaps(
        SignedResults.Opening memory opening,
        uint256 attempt,
        bytes32 digest,
        uint256[] memory accepted,
        uint256[] memory rejected
    ) external view {
        bytes32 typeHash = keccak256(
            "AggregateAttestation(uint256 taskId,uint256 round,uint256 retry,uint256 attempt,bytes32 base,bytes32 digest,uint256[] accepted,uint256[] rejected)"
        );
        bytes memory head = abi.encode(typeHash, opening.taskId, opening.round, opening.retry, attempt);
        bytes memory tail = abi.encode(opening.base, digest, _hashWords(accepted), _hashWords(rejected));
        bytes32 plain = keccak256(bytes.concat(head, tail));
        require(_harness.hashAttestation(opening, attempt, digest, accepted, rejected) == plain, "hash");
    }

    /// @dev EIP-712: an array is the hash of its words one after the other.
    function _hashWords(uint256[] memory words) private pure returns (bytes32) {
        bytes memory joined;
        for (uint256 i = 0; i < words.length; ++i) joined = bytes.concat(joined, bytes32(words[i]));
        return keccak256(joined);
    }

    function testFuzz_OnlyTheSignerOfThisHashCounts(
        uint256 keyPick,
        bytes32 hash,
        bytes32 otherHash
    ) external view {
        uint256 key = bound(keyPick, 1, ORDER - 1);
        bytes memory signature = _sign(key, hash);
        require(_harness.isValid(vm.addr(key), hash, signature), "own signature");
        require(!_harness.isValid(address(this), hash, signature), "another's signature");
        if (otherHash != hash) require(!_harness.isValid(vm.addr(key), otherHash, signature), "other hash");
    }

    function testFuzz_HighSAndOtherLengthsDoNotCount(
        uint256 keyPick,
        bytes32 hash,
        bytes calldata noise
    ) external view {
        uint256 key = bound(keyPick, 1, ORDER - 1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        bytes memory mirrored = abi.encodePacked(
            r,
            bytes32(ORDER - uint256(s)),
            v == 27 ? uint8(28) : uint8(27)
        );
        require(!_harness.isValid(vm.addr(key), hash, mirrored), "high s");
        require(!_harness.isValid(vm.addr(key), hash, abi.encodePacked(r, s, v, uint8(0))), "66 bytes");
        require(!_harness.isValid(vm.addr(key), hash, noise), "noise");
        require(!_harness.isValid(address(0), hash, noise), "nobody");
    }

    function testFuzz_AContractAnswersForItself(uint256 keyPick, bytes32 hash) external {
        uint256 key = bound(keyPick, 1, ORDER - 1);
        ContractSigner wallet = new ContractSigner(vm.addr(key));
        bytes memory signature = _sign(key, hash);
        require(_harness.isValid(address(wallet), hash, signature), "owner of the wallet");
        require(!_harness.isValid(address(wallet), ~hash, signature), "other hash");
        wallet.setMood(ContractSigner.Mood.Reverts);
        require(!_harness.isValid(address(wallet), hash, signature), "reverts");
        wallet.setMood(ContractSigner.Mood.AnswersShort);
        require(!_harness.isValid(address(wallet), hash, signature), "short answer");
        wallet.setMood(ContractSigner.Mood.BurnsGas);
        uint256 before = gasleft();
        require(!_harness.isValid(address(wallet), hash, signature), "burns gas");
        require(before - gasleft() < 120_000, "more gas than allowed");
    }

    function _sign(uint256 key, bytes32 hash) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }
}
