import { expect } from "chai";
import { AbiCoder, Interface, ParamType, getAddress } from "ethers";
import type { InterfaceAbi, Result } from "ethers";
import fc from "fast-check";
import { valueDecoder } from "#protocol/events/abiValues";
import { ABIS, CONTRACT_NAMES } from "#protocol/events/contracts";

const coder = AbiCoder.defaultAbiCoder();

/** Any value of a type, with every number of its bits. */
function valueOf(type: ParamType): fc.Arbitrary<unknown> {
  const { arrayChildren: item, arrayLength, components, type: name } = type;
  if (item !== null) {
    const [minLength, maxLength] =
      arrayLength === null || arrayLength < 0 ? [0, 4] : [arrayLength, arrayLength];
    return fc.array(valueOf(item), { minLength, maxLength });
  }
  if (components !== null) return fc.tuple(...components.map(valueOf));
  if (name === "bool") return fc.boolean();
  if (name === "string") return fc.string({ unit: "grapheme" });
  const [, kind, size] = /^(uint|int|bytes|address)(\d*)$/.exec(name) ?? [];
  const bits = Number(size);
  if (kind === "uint") return fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
  if (kind === "int") return fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n });
  const length = kind === "address" ? 20 : bits;
  return fc
    .uint8Array({ minLength: length, maxLength: length === 0 ? 100 : length })
    .map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`)
    .map((hex) => (kind === "address" ? getAddress(hex) : hex));
}

/** What ethers reads, with structs by their fields. */
function byEthers(types: readonly ParamType[], data: string): readonly unknown[] {
  const plain = (type: ParamType, value: unknown): unknown => {
    const { arrayChildren: item, components } = type;
    if (item !== null) return [...(value as Result)].map((each) => plain(item, each));
    if (components === null) return value;
    const values = [...(value as Result)];
    return Object.fromEntries(components.map((part, i) => [part.name, plain(part, values[i])]));
  };
  const values = coder.decode(types, data).toArray();
  return types.map((type, i) => plain(type, values[i]));
}

function requireSame(types: readonly ParamType[], runs: number): void {
  const decode = valueDecoder(types);
  fc.assert(
    fc.property(fc.tuple(...types.map(valueOf)), (values) => {
      const data = coder.encode(types, values);
      expect(decode(data)).to.deep.equal(byEthers(types, data));
    }),
    { numRuns: runs },
  );
}

describe("values in the ABI's encoding", () => {
  it("are what ethers reads, for everything that the contracts emit, return and revert with", () => {
    for (const contract of CONTRACT_NAMES) {
      const abi = new Interface(ABIS[contract] as InterfaceAbi);
      abi.forEachEvent(({ inputs }) => requireSame(inputs, 2));
      abi.forEachFunction(({ outputs }) => requireSame(outputs, 2));
      abi.forEachError(({ inputs }) => requireSame(inputs, 2));
    }
  });

  it("are what ethers reads of arrays, structs and signed numbers in each other", () => {
    const types = [
      "int16",
      "tuple(int8 a, tuple(string b, uint256[] c)[] d, bytes3 e)[2]",
      "tuple(uint8 x, bool[3] y)[]",
      "string[2][]",
    ].map((type) => ParamType.from(type));
    requireSame(types, 15);
  });

  it("are an error where they end too early, wherever that is", () => {
    const types = ["uint256[]", "tuple(bytes a, uint8 b)[]", "string"].map((type) => ParamType.from(type));
    const data = coder.encode(types, [[1n, 2n], [["0xabcd", 3n]], "words"]);
    const decode = valueDecoder(types);
    for (let end = 2; end < data.length; end += 2) {
      expect(() => decode(data.slice(0, end)), `after ${end} digits`).to.throw(
        RangeError,
        "data out-of-bounds",
      );
    }
    expect(decode(data)).to.deep.equal(byEthers(types, data));
  });

  it("are an error where a length or an offset names more than there is, or the same bytes again and again", () => {
    const word = (value: bigint): string => value.toString(16).padStart(64, "0");
    const lists = valueDecoder([ParamType.from("uint256[]")]);
    expect(() => lists(`0x${word(32n)}${word(2n ** 255n)}`)).to.throw(RangeError);
    expect(() => lists(`0x${word(2n ** 200n)}`)).to.throw(RangeError);
    const texts = valueDecoder([ParamType.from("bytes[]")]);
    const count = 500;
    const offsets = word(BigInt(32 * count)).repeat(count);
    const long = `${word(20_000n)}${"ab".repeat(20_000)}`;
    expect(() => texts(`0x${word(32n)}${word(BigInt(count))}${offsets}${long}`)).to.throw(RangeError);
  });
});
