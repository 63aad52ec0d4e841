// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A token without value for development chains: ANYONE may mint any amount.
/// @notice Never use it for rewards or stakes that should be worth something.
contract DevelopmentToken is ERC20, ERC20Permit {
    constructor() ERC20("Concordat Development Token", "DEV") ERC20Permit("Concordat Development Token") {}

    /// @notice Mints `amount` to `to`; any account, without limit.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
