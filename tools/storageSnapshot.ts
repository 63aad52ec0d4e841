import type { StorageLayout, StoredVariable } from "./buildOutput.ts";

/** What a contract stores, in lines that people can compare. */
export interface StorageSnapshot {
  /** "slot+offset name: type, bytes" of each state variable. */
  readonly variables: readonly string[];
  /** The same of each struct's fields, counted from where the struct begins, by the struct's name. */
  readonly structs: Readonly<Record<string, readonly string[]>>;
}

/** A layout without the compiler's internal numbers, which change with every source file. */
export function storageSnapshot({ storage, types }: StorageLayout): StorageSnapshot {
  const line = ({ label, slot, offset, type }: StoredVariable): string => {
    const stored = types?.[type];
    return `${slot}+${offset} ${label}: ${stored?.label ?? type}, ${stored?.numberOfBytes ?? "?"} bytes`;
  };
  const structs = Object.values(types ?? {}).flatMap(({ label, members }) =>
    members === undefined ? [] : [[label.replace(/^struct /, ""), members.map(line)] as const],
  );
  structs.sort(([a], [b]) => (a < b ? -1 : 1));
  return { variables: storage.map(line), structs: Object.fromEntries(structs) };
}
