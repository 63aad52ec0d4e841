import { expect } from "chai";
import * as fc from "fast-check";
import { AGGREGATION_RULES, minimumUpdates } from "#protocol/rules/aggregationRule";
import { ArtifactError, InputError } from "#protocol/errors";
import { TooFewUpdatesError } from "#learning/aggregation/admitUpdates";
import { aggregationRule } from "#learning/aggregation/aggregationRule";
import type { Update } from "#learning/aggregation/rule";
import { reference } from "./reference.ts";
import { digestOf, flat, generator, seededUpdates, vector } from "./updates.ts";

/** Bytes that every engine, system and processor must reproduce: 13 seeded updates of 701 parameters, f = 3. */
const PINNED = {
  fedavg: "86aea302f283176fdf4cb46b5b9020a4f10afd6b01bc46283a61a8403decebf9",
  median: "171900f3ca7fc17e0f5b1618de5688ad91878ecbe96a6457a6a491d4e33dd3b9",
  trimmedMean: "fe00a8e227c9610b85c19aeb05385910da32c1ab700f9f1a42dd73de198ec981",
  krum: "dffbf729d166fb96270d72b3d013af9d4a63ed0e3b882a58e453e8582e531a66",
  multiKrum: "99842d00b52cca30a9f37bdd5140456eede26cea6c8ca522c25c268d4e123a4f",
} as const;

const float32 = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    2 ** -149,
    -(2 ** -149),
    2 ** -126,
    3.4028234663852886e38,
    -3.4028234663852886e38,
  ),
);
const anyUpdates = fc
  .record({
    f: fc.integer({ min: 0, max: 3 }),
    extra: fc.integer({ min: 0, max: 5 }),
    size: fc.integer({ min: 1, max: 9 }),
  })
  .chain(({ f, extra, size }) =>
    fc.record({
      f: fc.constant(f),
      updates: fc
        .array(
          fc.record({
            values: fc.array(float32, { minLength: size, maxLength: size }),
            samples: fc.integer({ min: 1, max: 100_000 }),
          }),
          { minLength: 2 * f + 3 + extra, maxLength: 2 * f + 3 + extra },
        )
        .map((list) => list.map(({ values, samples }, k) => vector(k + 1, values, samples))),
    }),
  );

for (const name of AGGREGATION_RULES) {
  const rule = aggregationRule(name);

  describe(`aggregation: ${name}`, () => {
    it("gives the pinned bytes, which are the plain reference's", async () => {
      const updates = seededUpdates(13);
      const { tensors } = await rule.aggregate(updates, 3);
      expect(flat(tensors)).to.deep.equal(reference(name, updates, 3).values);
      expect(digestOf(tensors)).to.equal(PINNED[name]);
    });

    it("gives the bytes of the plain reference, over several blocks", async () => {
      for (const [n, f] of [
        [3, 0],
        [5, 1],
        [10, 2],
        [21, 4],
      ] as const) {
        const updates = seededUpdates(n, n, 700);
        const { tensors, rejected } = await rule.aggregate(updates, f);
        const expected = reference(name, updates, f);
        expect(rejected).to.deep.equal(expected.rejected);
        expect(Buffer.from(Float32Array.from(flat(tensors)).buffer)).to.deep.equal(
          Buffer.from(Float32Array.from(expected.values).buffer),
        );
      }
    });

    it("equals the plain reference on any values: signed zeros, subnormals, the largest floats, ties", async () => {
      await fc.assert(
        fc.asyncProperty(anyUpdates, async ({ updates, f }) => {
          const { tensors, rejected } = await rule.aggregate(updates, f);
          const expected = reference(name, updates, f);
          expect(rejected).to.deep.equal(expected.rejected);
          expect(flat(tensors).every((value, i) => Object.is(value, expected.values[i]))).to.equal(true);
          expect(flat(tensors).every(Number.isFinite)).to.equal(true);
        }),
        { seed: 8, numRuns: 300 },
      );
    });

    it("does not depend on the order in which updates arrive", async () => {
      await fc.assert(
        fc.asyncProperty(anyUpdates, fc.integer(), async ({ updates, f }, seed) => {
          const draw = generator(seed);
          const shuffled = updates
            .map((update) => ({ update, key: draw() }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ update }) => update);
          expect(await rule.aggregate(shuffled, f)).to.deep.equal(await rule.aggregate(updates, f));
        }),
        { seed: 9, numRuns: 100 },
      );
    });

    it("puts every member into exactly one of accepted and rejected, ascending", async () => {
      await fc.assert(
        fc.asyncProperty(anyUpdates, async ({ updates, f }) => {
          const { accepted, rejected } = await rule.aggregate(updates, f);
          expect(ascending([...accepted, ...rejected])).to.deep.equal(
            updates.map(({ memberId }) => memberId),
          );
          expect(accepted).to.deep.equal(ascending(accepted));
          expect(rejected).to.deep.equal(ascending(rejected));
          expect(rejected).to.have.lengthOf(name === "krum" || name === "multiKrum" ? f : 0);
        }),
        { seed: 10, numRuns: 100 },
      );
    });

    it("keeps names and shapes, and leaves the inputs alone", async () => {
      const updates = seededUpdates(5);
      const before = updates.map(({ tensors }) => digestOf(tensors));
      const { tensors } = await rule.aggregate(updates, 1);
      expect(tensors.map((tensor) => [tensor.name, tensor.shape])).to.deep.equal([
        ["dense/kernel", [13, 50]],
        ["dense/bias", [50]],
        ["scale", []],
      ]);
      for (const { data } of tensors) data.fill(7);
      expect(updates.map((update) => digestOf(update.tensors))).to.deep.equal(before);
    });

    it("works with its least number of updates and refuses one fewer", async () => {
      for (const f of [0, 1, 4]) {
        const least = rule.minimumUpdates(f);
        expect(least).to.equal(minimumUpdates(name, f));
        const { accepted } = await rule.aggregate(seededUpdates(least), f);
        expect(accepted.length).to.be.greaterThan(0);
        const error = await failure(rule.aggregate(seededUpdates(least - 1), f));
        expect(error).to.be.instanceOf(TooFewUpdatesError);
        expect(error.message).to.equal(
          `${name} with f = ${f} needs ${least} updates, but ${least - 1} are usable`,
        );
      }
    });

    it("refuses a member who stands twice", async () => {
      const [first, ...rest] = seededUpdates(5);
      const error = await failure(rule.aggregate([...rest, first, first] as Update[], 1));
      expect(error).to.be.instanceOf(InputError);
      expect(error.message).to.equal("Member 1 has two updates");
    });

    it("refuses NaN and infinity, which would poison or hide in the aggregate", async () => {
      for (const bad of [NaN, Infinity, -Infinity]) {
        const updates = [1, 2, 3, 4].map((k) => vector(k, [k, k])).concat(vector(5, [1, bad]));
        const error = await failure(rule.aggregate(updates, 1));
        expect(error).to.be.instanceOf(ArtifactError);
        expect(error.message).to.equal(
          `The update of member 5 cannot be aggregated: tensor "w" holds ${bad} at index 1`,
        );
      }
    });

    it("refuses updates of different shapes", async () => {
      const updates = [1, 2, 3, 4].map((k) => vector(k, [k, k])).concat(vector(5, [1, 2, 3]));
      expect(await failure(rule.aggregate(updates, 1))).to.be.instanceOf(ArtifactError);
    });

    it("refuses a Byzantine bound or a sample count that is no whole number in range", async () => {
      for (const f of [-1, 0.5, NaN]) {
        expect(await failure(rule.aggregate(seededUpdates(5), f))).to.be.instanceOf(InputError);
      }
      for (const samples of [0, -1, 1.5, NaN, 2 ** 53]) {
        const updates = [1, 2, 3, 4].map((k) => vector(k, [k])).concat(vector(5, [1], samples));
        expect(await failure(rule.aggregate(updates, 1))).to.be.instanceOf(InputError);
      }
      const inexactTotal = [1, 2, 3, 4, 5].map((k) => vector(k, [k], 2 ** 52));
      expect(await failure(rule.aggregate(inexactTotal, 1))).to.be.instanceOf(InputError);
    });
  });
}

for (const name of ["median", "trimmedMean", "krum", "multiKrum"] as const) {
  describe(`aggregation: ${name} against liars`, () => {
    it("stays within the honest values whatever f members send", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(float32, { minLength: 6, maxLength: 6 }), { minLength: 2, maxLength: 2 }),
          fc.integer(),
          async (lies, seed) => {
            const draw = generator(seed);
            const honest = Array.from({ length: 7 }, (_, k) =>
              vector(
                k + 3,
                Array.from({ length: 6 }, () => 1 + draw() / 2 ** 32),
              ),
            );
            const liars = lies.map((values, k) => vector(k + 1, values));
            const { tensors } = await aggregationRule(name).aggregate([...liars, ...honest], 2);
            // Krum may keep a lie that looks honest; then it lies near honest ones, at most their spread away.
            const slack = name === "krum" || name === "multiKrum" ? Math.sqrt(6) * 4 : 0;
            for (const value of flat(tensors)) expect(value).to.be.within(1 - slack, 2 + slack);
          },
        ),
        { seed: 11, numRuns: 200 },
      );
    });
  });
}

function ascending(ids: readonly number[]): number[] {
  return ids.toSorted((a, b) => a - b);
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error("It did not fail");
    },
    (error: unknown) => error as Error,
  );
}
