import type { TypedDataField } from "ethers";
import {
  Signature,
  TypedDataEncoder,
  concat,
  dataLength,
  dataSlice,
  keccak256,
  recoverAddress,
} from "ethers";
import type { Address } from "../ids.ts";
import type { RoundRef } from "./roundRef.ts";

/** EIP-712 domain of a task's results: chain and coordinator, so that nothing signed for one counts for another. */
export interface ResultDomain {
  readonly name: "Concordat";
  readonly version: "1";
  readonly chainId: bigint;
  readonly verifyingContract: string;
}

/** A node's update of one retry. `base` names w_G^{t-1}, `digest` the update's artifact. */
export interface LocalUpdate extends RoundRef {
  readonly node: number | bigint;
  readonly digest: string;
  /** Number of training samples: the update's weight. */
  readonly samples: number | bigint;
}

/** A node's scores of the R candidates, packed (see rules/packedScores.ts). `aggregate` names w_G^t. */
export interface AccuracyReport extends RoundRef {
  readonly node: number | bigint;
  readonly aggregate: string;
  readonly scores: bigint;
}

/** What a committee member attests: the digest of w_G^t and whose updates are in it. Bitmaps as in bitmap.ts. */
export interface AggregateAttestation extends RoundRef {
  readonly attempt: number | bigint;
  readonly digest: string;
  readonly accepted: readonly bigint[];
  readonly rejected: readonly bigint[];
}

/** A result with its kind, for code that treats all three alike. */
export type SignedResult =
  | { readonly kind: "LocalUpdate"; readonly value: LocalUpdate }
  | { readonly kind: "AccuracyReport"; readonly value: AccuracyReport }
  | { readonly kind: "AggregateAttestation"; readonly value: AggregateAttestation };

const uint = (name: string): TypedDataField => ({ name, type: "uint256" });
const word = (name: string): TypedDataField => ({ name, type: "bytes32" });

/** The EIP-712 types as `signTypedData` takes them; the order of the fields is binding. */
export const LOCAL_UPDATE_TYPES: Record<string, TypedDataField[]> = {
  LocalUpdate: [
    uint("taskId"),
    uint("round"),
    uint("retry"),
    word("base"),
    uint("node"),
    word("digest"),
    uint("samples"),
  ],
};
export const ACCURACY_REPORT_TYPES: Record<string, TypedDataField[]> = {
  AccuracyReport: [
    uint("taskId"),
    uint("round"),
    uint("retry"),
    word("base"),
    uint("node"),
    word("aggregate"),
    uint("scores"),
  ],
};
export const AGGREGATE_ATTESTATION_TYPES: Record<string, TypedDataField[]> = {
  AggregateAttestation: [
    uint("taskId"),
    uint("round"),
    uint("retry"),
    uint("attempt"),
    word("base"),
    word("digest"),
    { name: "accepted", type: "uint256[]" },
    { name: "rejected", type: "uint256[]" },
  ],
};

// Made once: building an encoder costs more than using it.
const LOCAL_UPDATE_ENCODER = TypedDataEncoder.from(LOCAL_UPDATE_TYPES);
const ACCURACY_REPORT_ENCODER = TypedDataEncoder.from(ACCURACY_REPORT_TYPES);
const AGGREGATE_ATTESTATION_ENCODER = TypedDataEncoder.from(AGGREGATE_ATTESTATION_TYPES);

/** The domain of tasks that `coordinator` runs on the chain `chainId`. */
export function resultDomain(chainId: number | bigint, coordinator: string): ResultDomain {
  return { name: "Concordat", version: "1", chainId: BigInt(chainId), verifyingContract: coordinator };
}

/** The EIP-712 digest that a node signs for its update. */
export function hashLocalUpdate(domain: ResultDomain, update: LocalUpdate): string {
  return typedDataHash(domain, LOCAL_UPDATE_ENCODER, update);
}

/** The EIP-712 digest that a node signs for its scores. */
export function hashAccuracyReport(domain: ResultDomain, report: AccuracyReport): string {
  return typedDataHash(domain, ACCURACY_REPORT_ENCODER, report);
}

/** The EIP-712 digest that a committee member signs for an aggregate. */
export function hashAggregateAttestation(domain: ResultDomain, attestation: AggregateAttestation): string {
  return typedDataHash(domain, AGGREGATE_ATTESTATION_ENCODER, attestation);
}

/** The types of a result's kind, as `signTypedData` takes them. */
export function typesOf(kind: SignedResult["kind"]): Record<string, TypedDataField[]> {
  switch (kind) {
    case "LocalUpdate":
      return LOCAL_UPDATE_TYPES;
    case "AccuracyReport":
      return ACCURACY_REPORT_TYPES;
    case "AggregateAttestation":
      return AGGREGATE_ATTESTATION_TYPES;
  }
}

/** The EIP-712 digest of any result. */
export function hashResult(domain: ResultDomain, result: SignedResult): string {
  switch (result.kind) {
    case "LocalUpdate":
      return hashLocalUpdate(domain, result.value);
    case "AccuracyReport":
      return hashAccuracyReport(domain, result.value);
    case "AggregateAttestation":
      return hashAggregateAttestation(domain, result.value);
  }
}

/**
 * The account whose ECDSA signature this is, or undefined where the contracts' ECDSA would refuse it: not 65 bytes, an s
 * in the upper half, a v that is neither 27 nor 28, or no point of the curve.
 */
export function recoverSigner(hash: string, signature: string): Address | undefined {
  if (dataLength(signature) !== 65) return undefined;
  const v = Number(dataSlice(signature, 64));
  if (v !== 27 && v !== 28) return undefined;
  try {
    return recoverAddress(hash, Signature.from(signature)) as Address;
  } catch {
    return undefined;
  }
}

function typedDataHash(
  domain: ResultDomain,
  encoder: TypedDataEncoder,
  value: LocalUpdate | AccuracyReport | AggregateAttestation,
): string {
  return keccak256(concat(["0x1901", TypedDataEncoder.hashDomain(domain), encoder.hash(value)]));
}
