// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Accuracy reports: R scores of 16 bits in one word, and their running sums in packed lanes.
/// @dev With at most 1024 reports a sum is below 2^26 and a sum of squares below 2^42, so that no lane overflows.
library PackedScores {
    uint256 private constant SCORE_BITS = 16;
    uint256 private constant SUM_BITS = 32;
    uint256 private constant SUMS_A_WORD = 8;
    uint256 private constant SQUARE_BITS = 48;
    uint256 private constant SQUARES_A_WORD = 5;
    /// @dev One, and sixteen ones, in each lane of 32 bits.
    uint256 private constant EACH_LANE = 0x0000000100000001000000010000000100000001000000010000000100000001;
    uint256 private constant EVEN_SCORES = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
    /// @dev n stands above the five lanes of the first word of squares, so that counting a report costs no slot.
    uint256 private constant COUNT_SHIFT = 240;

    /// @notice S_r and Q_r = sum of squares for r = 1..R, and the number of reports n.
    struct Tally {
        uint256[2] sums;
        uint256[4] squares;
    }

    /// @notice Whether the R lower lanes are at most `maxScore` and all higher lanes zero.
    /// @dev Eight lanes at once: 2^16 + maxScore - score keeps bit 16 exactly when score <= maxScore.
    function isValid(uint256 scores, uint256 steps, uint256 maxScore) internal pure returns (bool) {
        if (scores >> (steps * SCORE_BITS) != 0) return false;
        unchecked {
            uint256 guards = EACH_LANE << SCORE_BITS;
            uint256 greatest = guards + EACH_LANE * maxScore;
            uint256 even = greatest - (scores & EVEN_SCORES);
            uint256 odd = greatest - ((scores >> SCORE_BITS) & EVEN_SCORES);
            return even & odd & guards == guards;
        }
    }

    /// @notice Number of reports.
    function count(Tally storage tally) internal view returns (uint256) {
        return tally.squares[0] >> COUNT_SHIFT;
    }

    /// @notice Number of reports.
    function countOf(Tally memory tally) internal pure returns (uint256) {
        return tally.squares[0] >> COUNT_SHIFT;
    }

    /// @notice Forgets all reports. The lanes keep their old values, which nothing reads and the first report overwrites.
    function reset(Tally storage tally) internal {
        tally.squares[0] &= (1 << COUNT_SHIFT) - 1;
    }

    /// @notice Reads the words that `steps` lanes need; an empty tally is all zero whatever is stored.
    function load(Tally storage stored, uint256 steps) internal view returns (Tally memory tally) {
        if (count(stored) == 0) return tally;
        for (uint256 i = 0; i * SUMS_A_WORD < steps; ++i) tally.sums[i] = stored.sums[i];
        for (uint256 i = 0; i * SQUARES_A_WORD < steps; ++i) tally.squares[i] = stored.squares[i];
    }

    /// @notice Writes the words that `steps` lanes need.
    function store(Tally storage stored, Tally memory tally, uint256 steps) internal {
        for (uint256 i = 0; i * SUMS_A_WORD < steps; ++i) stored.sums[i] = tally.sums[i];
        for (uint256 i = 0; i * SQUARES_A_WORD < steps; ++i) stored.squares[i] = tally.squares[i];
    }

    /// @notice Counts one valid report.
    function add(Tally memory tally, uint256 scores, uint256 steps) internal pure {
        unchecked {
            tally.sums[0] += _spread(scores);
            if (steps > SUMS_A_WORD) tally.sums[1] += _spread(scores >> (SUMS_A_WORD * SCORE_BITS));
            for (uint256 i = 0; i * SQUARES_A_WORD < steps; ++i) {
                tally.squares[i] += _squareFive(scores >> (i * SQUARES_A_WORD * SCORE_BITS));
            }
            tally.squares[0] += 1 << COUNT_SHIFT;
        }
    }

    /// @dev The eight low lanes of 16 bits, moved into lanes of 32 bits by halving the groups that move together.
    function _spread(uint256 x) private pure returns (uint256) {
        x &= type(uint128).max;
        x = (x | (x << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        x = (x | (x << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        return (x | (x << 16)) & EVEN_SCORES;
    }

    /// @dev The squares of the five low lanes in lanes of 48 bits.
    function _squareFive(uint256 x) private pure returns (uint256 squares) {
        unchecked {
            uint256 score = x & 0xffff;
            squares = score * score;
            score = (x >> 16) & 0xffff;
            squares |= (score * score) << 48;
            score = (x >> 32) & 0xffff;
            squares |= (score * score) << 96;
            score = (x >> 48) & 0xffff;
            squares |= (score * score) << 144;
            score = (x >> 64) & 0xffff;
            squares |= (score * score) << 192;
        }
    }

    /// @notice S_r and Q_r at index r - 1.
    function unpack(
        Tally memory tally,
        uint256 steps
    ) internal pure returns (uint256[] memory sums, uint256[] memory squares) {
        sums = new uint256[](steps);
        squares = new uint256[](steps);
        for (uint256 r = 0; r < steps; ++r) {
            sums[r] = uint32(tally.sums[r / SUMS_A_WORD] >> ((r % SUMS_A_WORD) * SUM_BITS));
            squares[r] = uint48(tally.squares[r / SQUARES_A_WORD] >> ((r % SQUARES_A_WORD) * SQUARE_BITS));
        }
    }
}
