// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DevelopmentToken} from "../../tokens/DevelopmentToken.sol";

/// @title A token that calls back in the middle of a transfer, as the account that owns a node.
contract ReentrantToken is DevelopmentToken {
    address public target;
    bytes public call;
    bytes public answer;
    bool public entered;

    /// @notice What to call at every transfer from now on.
    function attack(address target_, bytes calldata call_) external {
        target = target_;
        call = call_;
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
        if (target == address(0)) return;
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory result) = target.call(call);
        entered = entered || ok;
        answer = result;
    }
}
