import { expect } from "chai";
import { AbiCoder, keccak256, toBeHex, zeroPadValue } from "ethers";
import * as fc from "fast-check";
import {
  attemptSeed,
  attestationThreshold,
  committeeSize,
  electCommittee,
  mixedSeed,
} from "#protocol/rules/committeeElection";

const seedOf = (value: bigint): string => zeroPadValue(toBeHex(value), 32);
const everyone = (): boolean => true;

/** Walks step by step from seed mod K, as the contract does. */
function walk(seed: string, attempt: number, active: readonly number[], size: number, posted: Set<number>) {
  const start = Number(BigInt(attemptSeed(seed, attempt)) % BigInt(active.length));
  const found: number[] = [];
  for (let step = 0; step < active.length && found.length < size; step++) {
    const member = active[(start + step) % active.length];
    if (member !== undefined && (attempt === 0 || posted.has(member))) found.push(member);
  }
  return found;
}

describe("electing a committee", () => {
  it("lets seed mod K lead and the next positions follow cyclically", () => {
    const { members } = electCommittee(seedOf(13n), 0, [11, 12, 13, 14, 15], 0, everyone);
    expect(members).to.deep.equal([14, 15, 11, 12]);
  });

  it("passes over members that did not post from attempt 1 on, and shrinks when few posted", () => {
    const posted = new Set([2, 5]);
    const { members, threshold } = electCommittee(seedOf(1n), 3, [1, 2, 3, 4, 5], 10_000, (m) =>
      posted.has(m),
    );
    expect(members.toSorted((a, b) => a - b)).to.deep.equal([2, 5]);
    expect(threshold).to.equal(2);
  });

  it("elects whom a step by step walk elects", () => {
    const rounds = fc.record({
      seed: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
      attempt: fc.integer({ min: 0, max: 5 }),
      active: fc.uniqueArray(fc.integer({ min: 1, max: 1024 }), { minLength: 1, maxLength: 120 }),
      gammaBps: fc.integer({ min: 0, max: 10_000 }),
      share: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(rounds, ({ seed, attempt, active, gammaBps, share }) => {
        const posted = new Set(active.filter((member) => member % share === 0));
        const size = committeeSize(gammaBps, active.length);
        const elected = electCommittee(seedOf(seed), attempt, active, gammaBps, (m) => posted.has(m));
        expect(elected.members).to.deep.equal(walk(seedOf(seed), attempt, active, size, posted));
        expect(elected.threshold).to.equal(attestationThreshold(elected.members.length));
      }),
    );
  });

  it("has at least four members, at most 64, never more than there are", () => {
    expect([1, 2, 3, 4, 10].map((active) => committeeSize(0, active))).to.deep.equal([1, 2, 3, 4, 4]);
    expect(committeeSize(5000, 10)).to.equal(6);
    expect(committeeSize(3333, 10)).to.equal(5);
    expect(committeeSize(10_000, 1000)).to.equal(64);
  });

  it("needs more than two thirds of a committee, and more than half of a small one", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 64].map(attestationThreshold)).to.deep.equal([1, 2, 2, 3, 4, 5, 5, 43]);
  });

  it("seeds from base, block hash, task and round, without the hash where it is lost", () => {
    const source = { base: seedOf(7n), taskId: 3, round: 9 };
    const abi = AbiCoder.defaultAbiCoder();
    expect(mixedSeed(source, seedOf(8n))).to.equal(
      keccak256(abi.encode(["bytes32", "bytes32", "uint256", "uint256"], [seedOf(7n), seedOf(8n), 3, 9])),
    );
    expect(mixedSeed(source, undefined)).to.equal(
      keccak256(abi.encode(["bytes32", "uint256", "uint256"], [seedOf(7n), 3, 9])),
    );
    expect(attemptSeed(seedOf(7n), 0)).to.equal(seedOf(7n));
    expect(attemptSeed(seedOf(7n), 1)).to.not.equal(attemptSeed(seedOf(7n), 2));
  });
});
