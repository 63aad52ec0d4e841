// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DevelopmentToken} from "../../tokens/DevelopmentToken.sol";

/// @title A token that calls back in the middle of a transfer, as the account that owns a node.
contract ReentrantToken is DevelopmentToken {
    address public victim;
    bytes public message;
    bytes public answer;
    bool public entered;

    /// @notice What to call at every transfer from now on.
    function attack(address victim_, bytes calldata message_) external {
        victim = victim_;
        message = message_;
    }

    /// @notice Lets this token act for itself: apply, join, deposit, claim.
    function act(address to, bytes calldata data) external {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory result) = to.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (victim == address(0)) return;
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory result) = victim.call(message);
        entered = entered || ok;
        answer = result;
    }
}
