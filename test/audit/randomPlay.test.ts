import { expect } from "chai";
import { audit } from "#audit/audit";
import type { Draw } from "./randomPlay.ts";
import { playAtRandom } from "./randomPlay.ts";
import { beginScenario } from "./scenario.ts";

const ACTIONS = 120;

/** Mulberry32. */
function seeded(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe("whatever a federation does", () => {
  for (const seed of [1, 2, 3]) {
    it(`the audit derives the same as the contracts (seed ${seed})`, async () => {
      const scenario = await beginScenario();
      await playAtRandom(scenario, seeded(seed), ACTIONS);
      const report = await audit({ chain: { source: scenario.source }, addressBook: scenario.deployment });
      expect(report.checks.filter((check) => !check.agrees)).to.deep.equal([]);
      expect(report.counts["round.opening"]?.agree).to.be.at.least(6);
    });
  }
});
