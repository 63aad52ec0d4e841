import { CONTRACTS, compiledContract } from "./buildOutput.ts";

/** EIP-170: bytes of code that one contract may have. */
export const MAX_CODE_BYTES = 24_576;

/** Bytes of code on the chain, and how many may be added. */
export interface CodeSize {
  readonly bytes: number;
  readonly free: number;
}

/** Every contract that is deployed, and the libraries that they are linked with. */
export function codeSizes(): Record<string, CodeSize> {
  const contracts = CONTRACTS.map((name) => compiledContract(`contracts/${name}.sol`));
  const libraries = [...new Set(contracts.flatMap((contract) => contract.libraries))].map(compiledContract);
  return Object.fromEntries(
    [...contracts, ...libraries].map(({ name, codeBytes }) => [
      name,
      { bytes: codeBytes, free: MAX_CODE_BYTES - codeBytes },
    ]),
  );
}
