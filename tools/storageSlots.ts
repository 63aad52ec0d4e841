import { compiledContract } from "./buildOutput.ts";
import type { StorageLayout } from "./buildOutput.ts";

/** Fields of the first word of a struct, which a mapping of a contract holds. */
interface MappedWord {
  readonly contract: string;
  readonly mapping: string;
  readonly struct: string;
  readonly fields: readonly string[];
}

/** What those who simulate with changed storage have to find, by the name of the constant. */
const WORDS: Readonly<Record<string, MappedWord>> = {
  roundSlots: {
    contract: "RoundCoordinator",
    mapping: "_runs",
    struct: "Run.State",
    fields: ["activeCount"],
  },
  proposalSlots: {
    contract: "NodeRegistry",
    mapping: "_proposals",
    struct: "INodeRegistryTypes.Proposal",
    fields: ["electorate", "approvals"],
  },
};

/** TypeScript constants that say where these fields stand, in bytes from the lowest. @throws where one is elsewhere. */
export function storageSlotConstants(): string[] {
  return Object.entries(WORDS).map(([name, { contract, mapping, struct, fields }]) => {
    const { layout } = compiledContract(`contracts/${contract}.sol`);
    const variable = layout.storage.find(({ label }) => label === mapping);
    if (variable === undefined) throw new Error(`${contract} has no ${mapping}`);
    const places = fields.map((field) => [field, placeOf(layout, struct, field)]);
    const value = { mapping: Number(variable.slot), ...Object.fromEntries(places) };
    return `export const ${name} = ${JSON.stringify(value)} as const;`;
  });
}

function placeOf({ types }: StorageLayout, struct: string, field: string): { offset: number; bytes: number } {
  const members = Object.values(types ?? {}).find(({ label }) => label === `struct ${struct}`)?.members;
  const member = members?.find(({ label, slot }) => label === field && slot === "0");
  const bytes = types?.[member?.type ?? ""]?.numberOfBytes;
  if (member === undefined || bytes === undefined) {
    throw new Error(`${struct} has no ${field} in its first word`);
  }
  return { offset: member.offset, bytes: Number(bytes) };
}
