import type * as enums from "../contracts/enums.ts";
import type { Bitmap } from "../rules/bitmap.ts";
import type { Address, Bps, Digest, Hex, MemberId, NodeId, RoundNumber, TaskId } from "../ids.ts";
import type { TaskTerms } from "../terms/taskTerms.ts";

/** Fields of type uint256 that hold amounts of a token, in its smallest unit. */
export const AMOUNT_FIELDS = [
  "amount",
  "bounty",
  "escrow",
  "fromPending",
  "fromStake",
  "received",
  "refund",
  "reward",
  "stake",
] as const;
/** Fields of type uint256[] that hold a set of members: bit memberId - 1. */
export const BITMAP_FIELDS = ["accepted", "rejected", "lowered"] as const;

/** Fields that hold words of bits: an accuracy table in lanes of 16 bits, and the sums that outgrow a number. */
export const WORD_FIELDS = ["scores", "sums", "squares"] as const;

/** What fields hold of which the ABI says only that they are numbers or bytes. */
type NamedFields = {
  readonly taskId: TaskId;
  /** 0 in a proposal that admits a node, which has no number yet. */
  readonly nodeId: NodeId;
  readonly voterNodeId: NodeId;
  readonly memberId: MemberId;
  readonly round: RoundNumber;
  readonly fromRound: RoundNumber;
  readonly toRound: RoundNumber;
  readonly alphaBps: Bps;
  readonly fractionBps: Bps;
  readonly digest: Digest;
  readonly aggregate: Digest;
  readonly base: Digest;
  readonly manifestDigest: Digest;
  /** Node ids by rank. */
  readonly committee: readonly NodeId[];
  readonly scores: bigint;
  readonly sums: readonly bigint[];
  readonly squares: readonly bigint[];
} & { readonly [Name in (typeof AMOUNT_FIELDS)[number]]: bigint } & {
  readonly [Name in (typeof BITMAP_FIELDS)[number]]: Bitmap;
};

type Enums = typeof enums;
/** Any value of the enum of this name, e.g. of "Phase". */
type EnumValue<Name extends string> = Name extends keyof Enums
  ? Enums[Name] extends Readonly<Record<string, number>>
    ? Enums[Name][keyof Enums[Name]]
    : never
  : never;

/** A parameter as the compiler describes it. */
export interface AbiParameter {
  readonly name: string;
  readonly type: string;
  /** For example "enum IRoundCoordinatorTypes.Phase". */
  readonly internalType: string;
  readonly indexed?: boolean;
  readonly components?: readonly AbiParameter[];
}

type ValueOf<P extends AbiParameter> = P["name"] extends keyof NamedFields
  ? NamedFields[P["name"]]
  : P["internalType"] extends `enum ${string}.${infer Name}`
    ? EnumValue<Name>
    : P["internalType"] extends `struct ${string}.TaskTerms`
      ? TaskTerms
      : P extends { readonly type: "tuple[]"; readonly components: infer C extends readonly AbiParameter[] }
        ? readonly FieldsOf<C>[]
        : P["type"] extends "uint256[]"
          ? readonly number[]
          : P["type"] extends `uint${string}`
            ? number
            : P["type"] extends "address"
              ? Address
              : P["type"] extends "bool"
                ? boolean
                : P["type"] extends "string"
                  ? string
                  : Hex;

/** The fields of an event or a struct, by name, as TypeScript has them. */
export type FieldsOf<Parameters extends readonly AbiParameter[]> = {
  readonly [P in Parameters[number] as P["name"]]: ValueOf<P>;
};
