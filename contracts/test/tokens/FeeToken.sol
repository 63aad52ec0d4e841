// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DevelopmentToken} from "../../tokens/DevelopmentToken.sol";

/// @title A token that burns one percent of every transfer.
contract FeeToken is DevelopmentToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0), value / 100);
    }
}
