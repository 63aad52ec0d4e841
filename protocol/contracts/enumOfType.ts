import * as enums from "./enums.ts";

/**
 * The enum that an ABI parameter holds: names to numbers.
 * @param internalType Solidity's type, e.g. "enum TaskTypes.TaskState"; undefined and all other types give undefined.
 */
export function enumOfType(internalType: string | undefined): Readonly<Record<string, number>> | undefined {
  const [, name] = /^enum \w+\.(\w+)$/.exec(internalType ?? "") ?? [];
  const values: unknown = name === undefined ? undefined : (enums as Readonly<Record<string, unknown>>)[name];
  return typeof values === "object" ? (values as Readonly<Record<string, number>>) : undefined;
}
