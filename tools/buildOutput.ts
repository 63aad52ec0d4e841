import { readFileSync } from "node:fs";

/** The contracts that a deployment's address book names. */
export const CONTRACTS = [
  "NodeRegistry",
  "TaskRegistry",
  "StakeVault",
  "RewardLedger",
  "RoundCoordinator",
] as const;

/** Where a variable or a struct's field stands: counted in slots from the contract's or the struct's beginning. */
export interface StoredVariable {
  readonly label: string;
  readonly slot: string;
  /** Bytes from the lowest of the slot. */
  readonly offset: number;
  readonly type: string;
}

/** The compiler's `storageLayout`. */
export interface StorageLayout {
  readonly storage: readonly StoredVariable[];
  /** Null where nothing is stored. */
  readonly types: Readonly<Record<string, StoredType>> | null;
}

export interface StoredType {
  readonly label: string;
  readonly numberOfBytes: string;
  /** Fields of a struct. */
  readonly members?: readonly StoredVariable[];
}

/** What the build says of one contract or library. */
export interface CompiledContract {
  readonly name: string;
  /** Of the code that stands on the chain. */
  readonly codeBytes: number;
  readonly layout: StorageLayout;
  /** Source files of the libraries that it is linked with, each named after its library. */
  readonly libraries: readonly string[];
}

interface Artifact {
  readonly buildInfoId: string;
  readonly deployedBytecode: string;
  readonly deployedLinkReferences: Readonly<Record<string, unknown>>;
}
interface BuildOutput {
  readonly output: {
    readonly contracts: Readonly<
      Record<string, Readonly<Record<string, { readonly storageLayout: StorageLayout }>>>
    >;
  };
}

const artifacts = new URL("../artifacts/", import.meta.url);
const outputs = new Map<string, BuildOutput>();

/** Reads a contract of contracts/ from the last build. @param source Its file, for example contracts/TaskRegistry.sol. */
export function compiledContract(source: string): CompiledContract {
  const name = source.replace(/^.*\/|\.sol$/g, "");
  const artifact = readJson<Artifact>(`${source}/${name}.json`);
  const { buildInfoId } = artifact;
  const build = outputs.get(buildInfoId) ?? readJson<BuildOutput>(`build-info/${buildInfoId}.output.json`);
  outputs.set(buildInfoId, build);
  const compiled = build.output.contracts[`project/${source}`]?.[name];
  if (compiled === undefined) throw new Error(`The build does not know ${name} of ${source}: build anew`);
  return {
    name,
    codeBytes: artifact.deployedBytecode.length / 2 - 1,
    layout: compiled.storageLayout,
    libraries: Object.keys(artifact.deployedLinkReferences).map((file) => file.replace(/^project\//, "")),
  };
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, artifacts), "utf8")) as T;
}
