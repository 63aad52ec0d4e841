import { expect } from "chai";
import * as fc from "fast-check";
import { ArtifactError } from "#protocol/errors";
import { decodeSafetensors, encodeSafetensors, safetensorsBytes } from "#protocol/artifacts/safetensors";
import type { ArtifactFault } from "#protocol/artifacts/safetensors";
import type { NamedTensor } from "#protocol/artifacts/tensors";
import { elementCount } from "#protocol/artifacts/tensors";

const METADATA = { format: "test" };
const DENSE: readonly NamedTensor[] = [
  { name: "bb", shape: [2, 2], data: Float32Array.of(1, -2, 0.5, -0) },
  { name: "a", shape: [], data: Float32Array.of(7) },
];

/** A file with the given header text and data bytes, however wrong. */
function file(header: string, data = new Uint8Array(20)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function headerOf(bytes: Uint8Array): string {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
}

const tensor = (name: string, value: number): NamedTensor => ({
  name,
  shape: [1],
  data: Float32Array.of(value),
});

function faultOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    if (error instanceof ArtifactError) return error.facts["fault"];
    throw error;
  }
  return undefined;
}

const tensors = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }), { minLength: 1, maxLength: 6 })
  .filter((names) => !names.includes("__metadata__"))
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }).chain((shape) => {
          const length = elementCount(shape);
          return fc
            .float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true })
            .map((data): NamedTensor => ({ name, shape, data }));
        }),
      ),
    ),
  );
const metadata = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 9 }), {
  noNullPrototype: true,
});

describe("safetensors", () => {
  it("writes a header sorted by name over data in the given order, padded to eight bytes", () => {
    const bytes = encodeSafetensors(METADATA, DENSE);
    expect(headerOf(bytes).trimEnd()).to.equal(
      '{"__metadata__":{"format":"test"},"a":{"data_offsets":[16,20],"dtype":"F32","shape":[]},' +
        '"bb":{"data_offsets":[0,16],"dtype":"F32","shape":[2,2]}}',
    );
    expect((bytes.length - 20) % 8).to.equal(0);
    expect(Buffer.from(bytes.subarray(-20)).toString("hex")).to.equal(
      "0000803f000000c00000003f000000800000e040",
    );
    expect(bytes.length).to.equal(safetensorsBytes(METADATA, DENSE));
  });

  it("reads any model back as it was written, and writes it again to the same bytes", () => {
    fc.assert(
      fc.property(tensors, metadata, (model, meta) => {
        const bytes = encodeSafetensors(meta, model);
        const decoded = decodeSafetensors(bytes, model);
        expect(decoded.metadata).to.deep.equal(meta);
        expect(decoded.tensors.map(({ data }) => Buffer.from(data.slice().buffer))).to.deep.equal(
          model.map(({ data }) => Buffer.from(data.slice().buffer)),
        );
        expect(Buffer.from(encodeSafetensors(decoded.metadata, decoded.tensors)).equals(bytes)).to.equal(
          true,
        );
      }),
    );
  });

  it("accepts no file that differs from a canonical one in any single byte, unless it is another canonical one", () => {
    fc.assert(
      fc.property(tensors, fc.nat(), fc.integer({ min: 1, max: 255 }), (model, position, flip) => {
        const bytes = encodeSafetensors(METADATA, model);
        const at = position % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        try {
          const decoded = decodeSafetensors(bytes, model);
          expect(Buffer.from(encodeSafetensors(decoded.metadata, decoded.tensors)).equals(bytes)).to.equal(
            true,
          );
        } catch (error) {
          expect(error).to.be.instanceOf(ArtifactError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("fails only with named errors on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (data, header) => {
        expect(faultOf(() => decodeSafetensors(data, DENSE))).to.be.a("string");
        expect(faultOf(() => decodeSafetensors(file(header, data), DENSE))).to.be.a("string");
      }),
    );
  });

  it("gives views of the bytes where they are aligned, and equal copies where they are not", () => {
    const bytes = encodeSafetensors(METADATA, DENSE);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    const [aligned] = decodeSafetensors(bytes, DENSE).tensors;
    const [copied] = decodeSafetensors(shifted, DENSE).tensors;
    expect(aligned?.data.buffer).to.equal(bytes.buffer);
    expect(copied?.data.buffer).not.to.equal(shifted.buffer);
    expect(copied?.data).to.deep.equal(aligned?.data);
  });

  describe("refuses", () => {
    const good = encodeSafetensors(METADATA, DENSE);
    const header = headerOf(good);
    const data = good.slice(-20);
    const edited = (from: string, to: string): Uint8Array => {
      expect(header).to.contain(from);
      return file(header.replace(from, to), data);
    };
    const withValue = (value: number): Uint8Array => {
      const bytes = good.slice();
      new DataView(bytes.buffer).setFloat32(bytes.length - 8, value, true);
      return bytes;
    };
    const cases: readonly (readonly [string, ArtifactFault, Uint8Array])[] = [
      ["an empty file", "truncated", new Uint8Array()],
      ["a file cut off in its header", "truncated", good.subarray(0, 40)],
      ["a file cut off in its data", "truncated", good.subarray(0, -1)],
      ["bytes after the last tensor", "trailing-bytes", Buffer.concat([good, Buffer.of(0)])],
      ["a header said to be huge", "header-too-large", Buffer.from("ffffffffffffffff00", "hex")],
      ["a header that is no JSON", "malformed-header", file("{")],
      ["a header that is no object", "malformed-header", file("[]")],
      ["a header with a byte order mark", "malformed-header", file(`\uFEFF${header}`, data)],
      ["a header with spaces inside", "non-canonical-header", edited('"a":', ' "a":')],
      ["a header with a key twice", "non-canonical-header", edited('"a":', '"a":0,"a":')],
      ["a header padded too far", "non-canonical-header", file(`${header}        `, data)],
      ["a header that is not padded", "non-canonical-header", file(header.trimEnd(), data)],
      ["another data type", "wrong-dtype", edited('"F32"', '"F16"')],
      ["another shape of the same size", "wrong-shape", edited("[2,2]", "[4,1]")],
      ["a gap before a tensor", "wrong-offsets", edited("[16,20]", "[20,24]")],
      ["tensors that overlap", "wrong-offsets", edited("[16,20]", "[12,16]")],
      ["a missing tensor", "missing-tensor", edited('"a"', '"c"')],
      ["a tensor that is not in the manifest", "extra-tensor", edited('"a":', '"A":{},"a":')],
      ["metadata that are not strings", "wrong-metadata", edited('"test"', "1")],
      ["a lone surrogate", "malformed-header", edited('"test"', String.raw`"\ud800"`)],
      ["NaN", "not-finite", withValue(NaN)],
      ["infinity", "not-finite", withValue(-Infinity)],
    ];
    for (const [what, fault, bytes] of cases) {
      it(what, () => expect(faultOf(() => decodeSafetensors(bytes, DENSE))).to.equal(fault));
    }

    it("to write what it would not read", () => {
      expect(faultOf(() => encodeSafetensors({}, [tensor("a", NaN)]))).to.equal("not-finite");
      expect(faultOf(() => encodeSafetensors({}, [{ ...tensor("a", 1), shape: [2] }]))).to.equal(
        "wrong-shape",
      );
      expect(faultOf(() => encodeSafetensors({}, [tensor("a", 1), tensor("a", 2)]))).to.equal("extra-tensor");
      expect(faultOf(() => encodeSafetensors({}, [tensor("__metadata__", 1)]))).to.equal("extra-tensor");
    });
  });
});
