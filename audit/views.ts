import type { ChainSource } from "./chainSource.ts";
import type { ContractName, Deployment } from "./eventLog.ts";
import { INTERFACES, plainValue } from "./eventLog.ts";

/** Reads one view of a contract as it stood after a block; a single output by itself, several as a list. */
export type ViewReader = <T>(contract: ContractName, view: string, ...args: readonly unknown[]) => Promise<T>;

export function viewReader(source: ChainSource, deployment: Deployment, block: number): ViewReader {
  return async <T>(contract: ContractName, view: string, ...args: readonly unknown[]): Promise<T> => {
    const codec = INTERFACES[contract];
    const fragment = codec.getFunction(view);
    if (fragment === null) throw new TypeError(`${contract} has no view ${view}`);
    const data = codec.encodeFunctionData(fragment, args);
    const answer = await source.call(deployment.contracts[contract], data, block);
    const decoded = codec.decodeFunctionResult(fragment, answer).toArray();
    const values = fragment.outputs.map((output, index) => plainValue(output, decoded[index]));
    return (values.length === 1 ? values[0] : values) as T;
  };
}
