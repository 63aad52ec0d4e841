import { expect } from "chai";
import * as fc from "fast-check";
import type { ArtifactMetadata } from "#protocol/artifacts/artifact";
import { encodeArtifact, maxArtifactBytes } from "#protocol/artifacts/artifact";
import { LONGEST_METADATA, writeMetadata } from "#protocol/artifacts/artifactMetadata";
import { decodeUpdate, encodeUpdate, maxUpdateBytes } from "#protocol/artifacts/compressedUpdate";
import { decodeIndexSet, encodeIndexSet, indexSetBytes } from "#protocol/artifacts/compression/indexSet";
import { largest } from "#protocol/artifacts/compression/largest";
import { updateLayout } from "#protocol/artifacts/compression/updateLayout";
import type { CompressedTerms } from "#protocol/artifacts/compression/updateLayout";
import { compressionSchema } from "#protocol/manifest/compressionTerms";
import { digestOf } from "#protocol/artifacts/contentAddress";
import { ArtifactError } from "#protocol/errors";
import { digest, nodeId, taskId } from "#protocol/ids";
import { encodeStored } from "#protocol/artifacts/safetensors";
import type { ModelTensors } from "#protocol/artifacts/tensors";

const METADATA: ArtifactMetadata = {
  role: "update",
  task: taskId(3),
  round: 2,
  node: nodeId(7),
  base: digest(`0x${"ab".repeat(32)}`),
};
const TERMS: readonly CompressedTerms[] = [
  { kind: "top-k", keepBps: 2000 },
  { kind: "quantised", bits: 8 },
  { kind: "top-k-quantised", keepBps: 2000, bits: 8 },
];
const SHAPES = [
  { name: "dense/kernel", shape: [6, 5] },
  { name: "norm/gamma", shape: [5] },
  { name: "norm/moving_mean", shape: [5] },
  { name: "norm/moving_variance", shape: [5] },
  { name: "dense/bias", shape: [5] },
];

/** A model of 40 trainable weights and 10 statistics with values that depend on `seed` in a fixed way. */
function model(seed: number): ModelTensors {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32 - 0.5;
  return SHAPES.map(({ name, shape }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return { name, shape, data: Float32Array.from({ length: size }, next) };
  });
}

const flat = (tensors: ModelTensors): number[] => tensors.flatMap(({ data }) => [...data]);
const trainable = (tensors: ModelTensors): ModelTensors =>
  tensors.filter(({ name }) => !name.includes("moving"));
/** What a node at `base` trains that moves the weights by these amounts. */
const oneTensor = (values: readonly number[]): ModelTensors => [
  { name: "w", shape: [values.length], data: Float32Array.from(values) },
];
const zeros = (count: number): ModelTensors => oneTensor(Array<number>(count).fill(0));

function faultOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    if (error instanceof ArtifactError) return error.facts["fault"];
    throw error;
  }
  return undefined;
}

describe("the values of greatest magnitude", () => {
  it("are those that sorting finds, of equal ones the first", () => {
    const value = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 1, -1));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), fc.nat(40), (values, wanted) => {
        const count = Math.min(wanted, values.length);
        const sorted = values
          .map((x, index) => ({ size: Math.abs(x), index }))
          .toSorted((a, b) => b.size - a.size || a.index - b.index);
        const expected = sorted.slice(0, count).map(({ index }) => index);
        expect([...largest(Float32Array.from(values), count)]).to.deep.equal(
          expected.toSorted((a, b) => a - b),
        );
      }),
    );
  });
});

describe("a set of indices", () => {
  it("comes back from its code, whose length its size and count determine", () => {
    const sets = fc
      .integer({ min: 1, max: 3000 })
      .chain((size) => fc.tuple(fc.constant(size), fc.uniqueArray(fc.nat(size - 1), { maxLength: 200 })));
    fc.assert(
      fc.property(sets, ([size, members]) => {
        const indices = Uint32Array.from(members.toSorted((a, b) => a - b));
        const bytes = encodeIndexSet(indices, size);
        expect(bytes.length).to.equal(indexSetBytes(indices.length, size));
        expect([...decodeIndexSet(bytes, indices.length, size)]).to.deep.equal([...indices]);
      }),
    );
  });

  it("has one code: other bytes are another set, or none", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(60),
        fc.infiniteStream(fc.nat(255)),
        (size, n, noise) => {
          const count = Math.min(n, size);
          const bytes = Uint8Array.from(
            { length: indexSetBytes(count, size) },
            () => noise.next().value ?? 0,
          );
          let decoded: Uint32Array | undefined;
          const fault = faultOf(() => (decoded = decodeIndexSet(bytes, count, size)));
          if (decoded === undefined) expect(fault).to.equal("wrong-indices");
          else expect([...encodeIndexSet(decoded, size)]).to.deep.equal([...bytes]);
        },
      ),
    );
  });

  it("takes little more than a byte an index where one in a hundred is kept", () => {
    expect(indexSetBytes(10_000, 1_000_000) / 10_000).to.be.below(1.1);
  });
});

describe("a compressed update", () => {
  const [base, local] = [model(1), model(2)];

  it("keeps the greatest changes of all trainable weights together, and leaves the rest to the residual", () => {
    const before = oneTensor([1, 1, 1, 1, 1]);
    const after = oneTensor([1, 1.5, 0.75, 1.25, 1]);
    const terms = { kind: "top-k", keepBps: 4000 } as const;
    const { decoded, residual } = encodeUpdate(METADATA, after, before, terms);
    expect(flat(decoded)).to.deep.equal([1, 1.5, 0.75, 1, 1]);
    expect(flat(residual ?? [])).to.deep.equal([0, 0, 0, 0.25, 0]);
  });

  it("says later what it left out: over the rounds nothing is lost", () => {
    const terms = { kind: "top-k", keepBps: 2500 } as const;
    const step = [4, 3, 2, 1];
    const sum = [0, 0, 0, 0];
    let residual: ModelTensors | undefined;
    const rounds = 40;
    for (let round = 0; round < rounds; round++) {
      const update = encodeUpdate(METADATA, oneTensor(step), zeros(4), terms, residual);
      residual = update.residual;
      flat(update.decoded).forEach((value, i) => (sum[i] = (sum[i] ?? 0) + value));
    }
    const left = flat(residual ?? []);
    expect(sum.map((value, i) => value + (left[i] ?? 0))).to.deep.equal(step.map((value) => value * rounds));
    expect(left.every((value) => Math.abs(value) <= 24)).to.equal(true);
  });

  it("rounds 8-bit values half away from zero to multiples of a step, one for each tensor", () => {
    const after: ModelTensors = [
      { name: "a", shape: [4], data: Float32Array.of(127, 1.5, -1.5, 0.4) },
      { name: "b", shape: [2], data: Float32Array.of(-0.0127, 0) },
    ];
    const before = after.map((tensor) => ({ ...tensor, data: new Float32Array(tensor.data.length) }));
    const { decoded } = encodeUpdate(METADATA, after, before, { kind: "quantised", bits: 8 });
    expect([...(decoded[0]?.data ?? [])]).to.deep.equal([127, 2, -2, 0]);
    expect(decoded[1]?.data[0]).to.be.closeTo(-0.0127, 1e-9);
  });

  it("is what everyone reads: decoded + residual is the change, statistics are untouched", () => {
    for (const terms of TERMS) {
      const carried = trainable(model(3));
      const { bytes, decoded, residual } = encodeUpdate(METADATA, local, base, terms, carried);
      const read = decodeUpdate(bytes, { specs: SHAPES, ...METADATA }, base, terms);
      expect(read).to.deep.equal({ metadata: METADATA, tensors: decoded });
      decoded.forEach((tensor, i) => {
        if (tensor.name.includes("moving")) expect(tensor.data).to.deep.equal(local[i]?.data);
      });
      const [change, from, to] = [flat(trainable(local)), flat(trainable(base)), flat(trainable(decoded))];
      const [left, owed] = [flat(residual ?? []), flat(carried)];
      change.forEach((value, i) => {
        const wanted = (owed[i] ?? 0) + value - (from[i] ?? 0);
        expect((to[i] ?? 0) - (from[i] ?? 0) + (left[i] ?? 0)).to.be.closeTo(wanted, 1e-6);
      });
    }
  });

  it("is the artifact itself where the terms ask for no compression", () => {
    const { bytes, decoded, residual } = encodeUpdate(METADATA, local, base, { kind: "none" });
    expect(Buffer.from(bytes).equals(encodeArtifact(METADATA, local))).to.equal(true);
    expect(decoded).to.equal(local);
    expect(residual).to.equal(undefined);
    expect(maxUpdateBytes(SHAPES, { kind: "none" })).to.equal(maxArtifactBytes(SHAPES));
  });

  it("has the same bytes and the same digest on every machine", async () => {
    const found = await Promise.all(
      TERMS.map(async (terms) => digestOf(encodeUpdate(METADATA, local, base, terms).bytes)),
    );
    expect(found).to.deep.equal([
      "0x8560051f4b092acd19adf6007c576661b53608c6ca90f1e3869c08133706e720",
      "0x8c56b206113bdc5c73ebbac75931609a12a53ff903597ee83a735a198da4da44",
      "0xdcc487e3aeb743ece923f7794943766a6bdba2f3b8e3ef1ddc8d347341c50b2e",
    ]);
  });

  it("has the size that the terms say, within the bound", () => {
    const longest = { ...LONGEST_METADATA, base: METADATA.base };
    for (const terms of TERMS) {
      const { bytes } = encodeUpdate(longest, local, base, terms);
      expect(bytes.length).to.equal(maxUpdateBytes(SHAPES, terms));
    }
    const large = [{ name: "w", shape: [1_000_000] }];
    const share = (terms: CompressedTerms): number => maxUpdateBytes(large, terms) / maxArtifactBytes(large);
    expect(share({ kind: "quantised", bits: 8 })).to.be.within(0.25, 0.251);
    expect(share({ kind: "top-k", keepBps: 100 })).to.be.within(0.012, 0.0131);
    expect(share({ kind: "top-k-quantised", keepBps: 100, bits: 8 })).to.be.within(0.005, 0.0054);
  });

  it("never fails but with a named fault, whatever byte is changed or cut off", () => {
    for (const terms of TERMS) {
      const { bytes } = encodeUpdate(METADATA, local, base, terms);
      const read = (changed: Uint8Array): unknown =>
        faultOf(() => decodeUpdate(changed, { specs: SHAPES, ...METADATA }, base, terms));
      const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      for (let place = 0; place < bytes.length; place++) {
        const changed = Uint8Array.from(bytes);
        changed[place] = (changed[place] ?? 0) ^ 0x81;
        const fault = read(changed);
        if (place < header) expect(fault, `byte ${place}`).to.be.a("string");
      }
      expect(read(bytes.subarray(0, -1))).to.equal("truncated");
      expect(read(Uint8Array.from([...bytes, 0]))).to.equal("trailing-bytes");
    }
  });

  /** A file of the right form whose sections hold what the attacker wants. */
  function forged(
    terms: CompressedTerms,
    sections: Readonly<Record<string, readonly number[]>>,
    kind = terms.kind,
  ): Uint8Array {
    const { sections: specs } = updateLayout(oneTensor([0, 0, 0, 0]), terms);
    const stored = specs.map((spec) => {
      const given = sections[spec.name] ?? [];
      const bytes =
        spec.dtype === undefined || spec.dtype === "F32"
          ? new Uint8Array(Float32Array.from(given).buffer)
          : Uint8Array.from(given);
      return { ...spec, bytes };
    });
    return encodeStored({ ...writeMetadata(METADATA), compression: kind }, stored);
  }

  it("is refused with indices, steps, values or a kind of its own making", () => {
    const read = (terms: CompressedTerms, bytes: Uint8Array): unknown =>
      faultOf(() => decodeUpdate(bytes, { specs: zeros(4), ...METADATA }, zeros(4), terms));
    const sparse = { kind: "top-k", keepBps: 5000 } as const;
    const first = encodeIndexSet(Uint32Array.of(1, 3), 4);
    expect(read(sparse, forged(sparse, { values: [1, 2], indices: [...first] }))).to.equal(undefined);
    expect(read(sparse, forged(sparse, { values: [1, 2], indices: [0xff] }))).to.equal("wrong-indices");
    expect(read(sparse, forged(sparse, { values: [1, 2], indices: [0] }))).to.equal("wrong-indices");
    expect(read(sparse, forged(sparse, { values: [1, Number.NaN], indices: [...first] }))).to.equal(
      "not-finite",
    );
    expect(read(sparse, forged(sparse, { values: [1, 2], indices: [...first] }, "quantised"))).to.equal(
      "wrong-metadata",
    );
    expect(read(sparse, encodeArtifact(METADATA, zeros(4)))).to.be.a("string");

    const dense = { kind: "quantised", bits: 8 } as const;
    const values = [1, 2, 3, 4];
    expect(read(dense, forged(dense, { scales: [0.5], values }))).to.equal(undefined);
    for (const scale of [-1, -0, Number.NaN, Infinity])
      expect(read(dense, forged(dense, { scales: [scale], values }))).to.equal("wrong-quantisation");
    expect(read(dense, forged(dense, { scales: [0], values }))).to.equal("wrong-quantisation");
    expect(read(dense, forged(dense, { scales: [1], values: [0x80, 0, 0, 0] }))).to.equal(
      "wrong-quantisation",
    );
    expect(read(dense, forged(dense, { scales: [3e38], values: [127, 0, 0, 0] }))).to.equal("not-finite");
  });

  it("is not written from models that do not fit each other, or that are not finite", () => {
    const [terms] = TERMS as [CompressedTerms];
    expect(faultOf(() => encodeUpdate(METADATA, local, base.slice(1), terms))).to.equal("wrong-shape");
    const far = oneTensor([3e38]);
    expect(faultOf(() => encodeUpdate(METADATA, far, oneTensor([-3e38]), terms))).to.equal("not-finite");
  });

  it("is asked for by terms with a share of 1 to 10,000 basis points and 8 bits", () => {
    const isValid = (terms: unknown): boolean => compressionSchema.safeParse(terms).success;
    expect([...TERMS, { kind: "none" }].every(isValid)).to.equal(true);
    const bad = [
      { kind: "top-k" },
      { kind: "top-k", keepBps: 0 },
      { kind: "top-k", keepBps: 10_001 },
      { kind: "top-k", keepBps: 0.5 },
      { kind: "quantised", bits: 4 },
      { kind: "quantised", bits: 8, keepBps: 100 },
      { kind: "random-k", keepBps: 100 },
    ];
    expect(bad.some(isValid)).to.equal(false);
  });
});
