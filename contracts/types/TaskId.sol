// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A task of the task registry, from 1 in order of publication.
type TaskId is uint256;
