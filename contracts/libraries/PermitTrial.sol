// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IStakeVaultTypes} from "../interfaces/IStakeVault.sol";

/// @title Tries an ERC-2612 permit and goes on without it.
library PermitTrial {
    /// @notice Allows this contract `amount` of the caller's tokens where the permit is good. Where it is not (absent, used up
    /// by someone who saw it in the pool, not supported), the transfer that follows decides by the allowance alone.
    function tryPermit(address token, uint256 amount, IStakeVaultTypes.Permit calldata permit) internal {
        if (permit.deadline == 0 || token.code.length == 0) return;
        // Both outcomes are fine, so both blocks are empty.
        // solhint-disable no-empty-blocks
        try
            IERC20Permit(token).permit(
                msg.sender,
                address(this),
                amount,
                permit.deadline,
                permit.v,
                permit.r,
                permit.s
            )
        {} catch {}
    }
}
