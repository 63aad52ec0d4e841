import { expect } from "chai";
import { toBeHex } from "ethers";
import * as fc from "fast-check";
import { network } from "hardhat";
import {
  hashAccuracyReport,
  hashAggregateAttestation,
  hashLocalUpdate,
} from "#protocol/messages/signedResults";
import type { Federation } from "../contracts/federation.ts";
import { deployFederation } from "../contracts/federation.ts";

const RUNS = { numRuns: 30 };
const id = fc.bigInt({ min: 0n, max: (1n << 256n) - 1n });
const hash = id.map((value) => toBeHex(value, 32));
const words = fc.array(id, { minLength: 1, maxLength: 4 });

describe("Solidity and TypeScript hash the same", () => {
  let federation: Federation;
  before(async () => {
    federation = await deployFederation(await network.create(), { nodes: 1 });
  });

  it("updates", async () => {
    const updates = fc.record({
      taskId: id,
      round: id,
      retry: id,
      base: hash,
      node: id,
      digest: hash,
      samples: id,
    });
    await fc.assert(
      fc.asyncProperty(updates, async (update) => {
        const { taskId, round, retry, base, node, digest, samples } = update;
        const { coordinator } = federation.contracts;
        const found = await coordinator.hashLocalUpdate(taskId, round, retry, base, node, digest, samples);
        expect(found).to.equal(hashLocalUpdate(federation.domain, update));
      }),
      RUNS,
    );
  });

  it("accuracy reports", async () => {
    const reports = fc.record({
      taskId: id,
      round: id,
      retry: id,
      base: hash,
      node: id,
      aggregate: hash,
      scores: id,
    });
    await fc.assert(
      fc.asyncProperty(reports, async (report) => {
        const { taskId, round, retry, base, node, aggregate, scores } = report;
        const { coordinator } = federation.contracts;
        const found = await coordinator.hashAccuracyReport(
          taskId,
          round,
          retry,
          base,
          node,
          aggregate,
          scores,
        );
        expect(found).to.equal(hashAccuracyReport(federation.domain, report));
      }),
      RUNS,
    );
  });

  it("attestations with bitmaps of any length", async () => {
    const attestations = fc.record({
      taskId: id,
      round: id,
      retry: id,
      attempt: id,
      base: hash,
      digest: hash,
      accepted: words,
      rejected: words,
    });
    await fc.assert(
      fc.asyncProperty(attestations, async (attestation) => {
        const { taskId, round, retry, attempt, base, digest, accepted, rejected } = attestation;
        const { coordinator } = federation.contracts;
        const found = await coordinator.hashAggregateAttestation(
          taskId,
          round,
          retry,
          attempt,
          base,
          digest,
          accepted,
          rejected,
        );
        expect(found).to.equal(hashAggregateAttestation(federation.domain, attestation));
      }),
      RUNS,
    );
  });
});
