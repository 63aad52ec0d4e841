// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @notice An account that is a contract: anyone may bring a call that its owner signed, and it signs through the owner's
/// key (ERC-1271).
contract SmartAccount is IERC1271 {
    address public immutable owner;
    uint256 public nonce;

    /// @notice A call failed; what carried it is mined all the same, as with the wallets that people use.
    event CallFailed(bytes reason);

    error NotSignedByOwner();

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice What the owner signs, as a personal message, to let the next call through.
    function callHash(address to, bytes calldata data) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), nonce, to, data));
    }

    function execute(address to, bytes calldata data, bytes calldata signature) external {
        bytes32 digest = MessageHashUtils.toEthSignedMessageHash(callHash(to, data));
        if (!_isOwners(digest, signature)) revert NotSignedByOwner();
        ++nonce;
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory answer) = to.call(data);
        if (!success) emit CallFailed(answer);
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _isOwners(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function _isOwners(bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address recovered, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        return recovered == owner;
    }
}
