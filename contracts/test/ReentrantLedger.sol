// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A reward ledger that calls back in the middle of a finalisation.
contract ReentrantLedger {
    address public victim;
    bytes public message;
    bytes public answer;
    bool public entered;

    /// @notice What to call at every recorded round from now on.
    function attack(address victim_, bytes calldata message_) external {
        victim = victim_;
        message = message_;
    }

    function recordRound(uint256, uint256, uint256[] calldata, uint256[] calldata) external {
        // solhint-disable-next-line avoid-low-level-calls
        (bool ok, bytes memory result) = victim.call(message);
        entered = entered || ok;
        answer = result;
    }
}
