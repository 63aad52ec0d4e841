// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MemberId} from "../types/MemberId.sol";

/// @title Sets of members of one task: bit memberId - 1, words of 256 from low to high.
/// @dev In storage a set has room for 1024 members; in calldata and memory it has exactly as many words as its task needs.
library Bitmaps {
    /// @notice A set in storage.
    struct Set {
        uint256[4] words;
    }

    /// @notice Words for members 1..memberCount: ceil(memberCount / 256), at least one.
    function wordsFor(uint256 memberCount) internal pure returns (uint256) {
        return memberCount == 0 ? 1 : (memberCount + 255) / 256;
    }

    function contains(Set storage set, MemberId memberId) internal view returns (bool) {
        uint256 bit = MemberId.unwrap(memberId) - 1;
        return set.words[bit >> 8] & (1 << (bit & 255)) != 0;
    }

    function add(Set storage set, MemberId memberId) internal {
        uint256 bit = MemberId.unwrap(memberId) - 1;
        set.words[bit >> 8] |= 1 << (bit & 255);
    }

    function remove(Set storage set, MemberId memberId) internal {
        uint256 bit = MemberId.unwrap(memberId) - 1;
        set.words[bit >> 8] &= ~(1 << (bit & 255));
    }

    /// @notice Empties the first `words` words.
    function clear(Set storage set, uint256 words) internal {
        for (uint256 i = 0; i < words; ++i) set.words[i] = 0;
    }

    /// @notice Overwrites the first words.
    function store(Set storage set, uint256[] calldata words) internal {
        for (uint256 i = 0; i < words.length; ++i) set.words[i] = words[i];
    }

    /// @notice The first `words` words.
    function load(Set storage set, uint256 words) internal view returns (uint256[] memory loaded) {
        loaded = new uint256[](words);
        for (uint256 i = 0; i < words; ++i) loaded[i] = set.words[i];
    }

    /// @notice Number of members in a set.
    function count(uint256[] memory words) internal pure returns (uint256 members) {
        for (uint256 i = 0; i < words.length; ++i) members += countWord(words[i]);
    }

    /// @notice Number of bits set, by adding neighbours: pairs, nibbles, bytes, then all bytes by one multiplication.
    function countWord(uint256 x) internal pure returns (uint256) {
        if (x == type(uint256).max) return 256;
        unchecked {
            x -= (x >> 1) & 0x5555555555555555555555555555555555555555555555555555555555555555;
            x =
                (x & 0x3333333333333333333333333333333333333333333333333333333333333333) +
                ((x >> 2) & 0x3333333333333333333333333333333333333333333333333333333333333333);
            x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            return (x * 0x0101010101010101010101010101010101010101010101010101010101010101) >> 248;
        }
    }

    /// @notice Whether no member is in both sets of equal length.
    function disjoint(uint256[] memory a, uint256[] memory b) internal pure returns (bool) {
        for (uint256 i = 0; i < a.length; ++i) if (a[i] & b[i] != 0) return false;
        return true;
    }

    /// @notice Whether every member of `part` is in `whole`.
    function isSubset(uint256[] memory part, Set storage whole) internal view returns (bool) {
        for (uint256 i = 0; i < part.length; ++i) if (part[i] & ~whole.words[i] != 0) return false;
        return true;
    }
}
