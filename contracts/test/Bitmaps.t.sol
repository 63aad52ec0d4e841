// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bitmaps} from "../libraries/Bitmaps.sol";
import {Test} from "./Test.sol";
import {MemberId} from "../types/MemberId.sol";

/// @notice Bitmaps against one boolean a member.
contract BitmapsTest is Test {
    using Bitmaps for Bitmaps.Set;
    using Bitmaps for uint256[];

    Bitmaps.Set private _set;
    Bitmaps.Set private _other;
    mapping(uint256 memberId => bool) private _isIn;

    function testFuzz_AddedMembersAreContainedUntilRemoved(
        uint16[24] calldata picks,
        uint24 removals
    ) external {
        for (uint256 i = 0; i < picks.length; ++i) {
            uint256 memberId = bound(picks[i], 1, 1024);
            _set.add(MemberId.wrap(memberId));
            _isIn[memberId] = true;
        }
        for (uint256 i = 0; i < picks.length; ++i) {
            if ((removals >> i) & 1 == 0) continue;
            uint256 memberId = bound(picks[i], 1, 1024);
            _set.remove(MemberId.wrap(memberId));
            _isIn[memberId] = false;
        }
        uint256 members = 0;
        for (uint256 memberId = 1; memberId <= 1024; ++memberId) {
            require(_set.contains(MemberId.wrap(memberId)) == _isIn[memberId], "membership");
            if (_isIn[memberId]) ++members;
        }
        assertEq(_set.load(4).count(), members);
    }

    function testFuzz_BitMemberIdMinusOneStandsForAMember(uint16 pick) external {
        uint256 memberId = bound(pick, 1, 1024);
        _set.add(MemberId.wrap(memberId));
        uint256[] memory words = _set.load(4);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(words[i], i == (memberId - 1) / 256 ? 2 ** ((memberId - 1) % 256) : 0);
        }
    }

    function testFuzz_CountEqualsBitByBit(uint256 word) external pure {
        uint256 bits = 0;
        for (uint256 i = 0; i < 256; ++i) bits += (word >> i) & 1;
        assertEq(Bitmaps.countWord(word), bits);
    }

    function test_CountOfFullAndEmptyWords() external pure {
        assertEq(Bitmaps.countWord(0), 0);
        assertEq(Bitmaps.countWord(type(uint256).max), 256);
        assertEq(Bitmaps.countWord(type(uint256).max - 1), 255);
        assertEq(Bitmaps.countWord(1 << 255), 1);
    }

    function testFuzz_DisjointAndSubsetEqualMemberByMember(
        uint256[4] calldata a,
        uint256[4] calldata b,
        bool thin
    ) external {
        uint256[] memory left = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            // Random words overlap nearly always: thinned ones also show the other answer.
            left[i] = thin ? a[i] & ~b[i] : a[i] & b[i];
            _other.words[i] = b[i];
        }
        bool disjoint = true;
        bool subset = true;
        for (uint256 bit = 0; bit < 1024; ++bit) {
            bool inLeft = (left[bit / 256] >> (bit % 256)) & 1 == 1;
            bool inRight = (b[bit / 256] >> (bit % 256)) & 1 == 1;
            if (inLeft && inRight) disjoint = false;
            if (inLeft && !inRight) subset = false;
        }
        require(left.disjoint(_other.load(4)) == disjoint, "disjoint");
        require(left.isSubset(_other) == subset, "subset");
    }

    function testFuzz_ClearingTouchesNoFurtherWord(uint256[4] calldata words, uint8 pick) external {
        uint256 cleared = bound(pick, 0, 4);
        for (uint256 i = 0; i < 4; ++i) _set.words[i] = words[i];
        _set.clear(cleared);
        for (uint256 i = 0; i < 4; ++i) assertEq(_set.words[i], i < cleared ? 0 : words[i]);
    }

    function testFuzz_StoredWordsAreLoadedAgain(uint256[] calldata words) external {
        vm.assume(words.length <= 4);
        _set.store(words);
        uint256[] memory loaded = _set.load(words.length);
        for (uint256 i = 0; i < words.length; ++i) assertEq(loaded[i], words[i]);
    }

    function test_WordsHoldAllMembers() external pure {
        assertEq(Bitmaps.wordsFor(0), 1);
        for (uint256 members = 1; members <= 1024; ++members) {
            uint256 words = 1;
            while (words * 256 < members) ++words;
            assertEq(Bitmaps.wordsFor(members), words);
        }
    }
}
