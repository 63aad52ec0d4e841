import { AbiCoder, ParamType, Utf8ErrorFuncs, getAddress, toUtf8String } from "ethers";

/** A decoded value: numbers as bigint, addresses in EIP-55 form, bytes as hex, structs by their fields. */
export type AbiValue = bigint | boolean | string | readonly AbiValue[] | AbiFields;
export interface AbiFields {
  readonly [name: string]: AbiValue;
}

/**
 * Reads values of these types. Unlike ethers by itself it reads strings that are no UTF-8, with U+FFFD for their bad bytes:
 * nobody vouches for what a foreign contract says. What it gives throws where bytes do not fit the types.
 */
export function valueDecoder(types: readonly ParamType[]): (data: string) => readonly AbiValue[] {
  const lenient = types.map((type) => ParamType.from(type.format("sighash").replaceAll("string", "bytes")));
  return (data) => valuesOf(types, AbiCoder.defaultAbiCoder().decode(lenient, data));
}

function valuesOf(types: readonly ParamType[], values: Iterable<unknown>): readonly AbiValue[] {
  const list = [...values];
  return types.map((type, index) => valueOf(type, list[index]));
}

function valueOf(type: ParamType, value: unknown): AbiValue {
  const { arrayChildren: item, components } = type;
  if (item !== null) return [...(value as Iterable<unknown>)].map((entry) => valueOf(item, entry));
  if (components !== null) return namedFields(components, valuesOf(components, value as Iterable<unknown>));
  switch (type.type) {
    case "string":
      return toUtf8String(value as string, Utf8ErrorFuncs.replace);
    case "address":
      return getAddress(value as string);
    default:
      return value as bigint | boolean | string;
  }
}

/** Values by the names of their types. */
export function namedFields(types: readonly ParamType[], values: readonly AbiValue[]): AbiFields {
  return Object.fromEntries(types.map(({ name }, index) => [name, values[index] ?? ""]));
}
