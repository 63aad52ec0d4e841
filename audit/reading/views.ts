import { valueDecoder } from "@concordat/protocol/events/abiValues";
import type { ContractName } from "@concordat/protocol/events/contracts";
import type { ChainSource } from "./chainSource.ts";
import { INTERFACES } from "./contracts.ts";
import type { Deployment } from "./contracts.ts";

/** Reads one view of a contract as it stood after a block; a single output by itself, several as a list. */
export type ViewReader = <T>(contract: ContractName, view: string, ...args: readonly unknown[]) => Promise<T>;

export function viewReader(
  source: Pick<ChainSource, "call">,
  deployment: Deployment,
  block: number,
): ViewReader {
  return async <T>(contract: ContractName, view: string, ...args: readonly unknown[]): Promise<T> => {
    const codec = INTERFACES[contract];
    const fragment = codec.getFunction(view);
    if (fragment === null) throw new TypeError(`${contract} has no view ${view}`);
    const data = codec.encodeFunctionData(fragment, args);
    const answer = await source.call(deployment.contracts[contract], data, block);
    const values = valueDecoder(fragment.outputs)(answer);
    return (values.length === 1 ? values[0] : values) as T;
  };
}
