import { enumValue } from "../contracts/enums.ts";
import { enumOfType } from "../contracts/enumOfType.ts";
import { termsFromAbi } from "../terms/taskTerms.ts";
import type { AbiTerms } from "../terms/taskTerms.ts";
import type { AbiFields, AbiValue } from "./abiValues.ts";
import { AMOUNT_FIELDS, BITMAP_FIELDS, WORD_FIELDS } from "./fields.ts";
import type { AbiParameter } from "./fields.ts";

/** Fields that stay bigint. */
const BIG: ReadonlySet<string> = new Set([...AMOUNT_FIELDS, ...BITMAP_FIELDS, ...WORD_FIELDS]);

/** From values as the ABI has them to those of {@link ConcordatEvent}, in the order in which the ABI names them. */
export function fieldConverter(
  parameters: readonly AbiParameter[],
): (fields: AbiFields) => Readonly<Record<string, unknown>> {
  const converters = parameters.map((parameter) => [parameter.name, valueConverter(parameter)] as const);
  return (fields) =>
    Object.fromEntries(converters.map(([name, convert]) => [name, convert(fields[name] ?? "")]));
}

function valueConverter({
  name,
  type,
  internalType,
  components = [],
}: AbiParameter): (value: AbiValue) => unknown {
  const values = enumOfType(internalType);
  if (values !== undefined) return (value) => enumValue(values, value as bigint);
  if (internalType.endsWith(".TaskTerms")) return (value) => termsFromAbi(value as unknown as AbiTerms);
  if (type === "tuple[]") {
    const convert = fieldConverter(components);
    return (value) => (value as readonly AbiFields[]).map(convert);
  }
  if (BIG.has(name)) return (value) => value;
  if (type === "uint256[]") return (value) => (value as readonly bigint[]).map(nearestNumber);
  return type.startsWith("uint") ? (value) => nearestNumber(value as bigint) : (value) => value;
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

function nearestNumber(value: bigint): number {
  return Number(value > MOST ? MOST : value);
}
