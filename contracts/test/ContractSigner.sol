// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A wallet that signs through its owner's key (ERC-1271), and can be told to misbehave as wallets might.
contract ContractSigner is IERC1271 {
    enum Mood {
        Honest,
        Reverts,
        AnswersShort,
        BurnsGas
    }

    address public immutable owner;
    Mood public mood;

    error Unwilling();

    constructor(address owner_) {
        owner = owner_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (mood == Mood.Reverts) revert Unwilling();
        if (mood == Mood.AnswersShort) {
            bytes4 magic = IERC1271.isValidSignature.selector;
            assembly ("memory-safe") {
                mstore(0, magic)
                return(0, 4)
            }
        }
        // Until the caller's allowance is spent.
        if (mood == Mood.BurnsGas) for (uint256 i = 0; ; ++i) keccak256(abi.encode(i));
        (address recovered, , ) = ECDSA.tryRecoverCalldata(hash, signature);
        return recovered == owner ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
