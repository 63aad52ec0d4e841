import { InputError } from "./errors.ts";

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Bytes as hex digits after 0x. */
export type Hex = `0x${string}`;

/** A task, numbered from 1 in order of publication. */
export type TaskId = Brand<number, "TaskId">;
/** A node of the registry, numbered from 1 in order of admission, never reused. */
export type NodeId = Brand<number, "NodeId">;
/** A member of one task, numbered from 1 in order of joining (the paper's k), never reused. */
export type MemberId = Brand<number, "MemberId">;
/** A round of one task, numbered from 1 (the paper's t); 0 names the state before training. */
export type RoundNumber = Brand<number, "RoundNumber">;
/** sha2-256 of the root block of an artifact's UnixFS DAG: 0x and 64 lower-case hex digits. */
export type Digest = Brand<Hex, "Digest">;
/** A 20-byte account in EIP-55 form. */
export type Address = Brand<Hex, "Address">;
/** A ratio in basis points, 0 to 10,000. */
export type Bps = Brand<number, "Bps">;

export const taskId = (value: number | bigint): TaskId => positive(value, "task id") as TaskId;
export const nodeId = (value: number | bigint): NodeId => positive(value, "node id") as NodeId;
export const memberId = (value: number | bigint): MemberId => positive(value, "member id") as MemberId;

/** Checks and brands a digest. @throws {InputError} unless it is 0x and 64 hex digits. */
export function digest(value: string): Digest {
  if (!/^0x[0-9a-fA-F]{64}$/.test(value)) {
    throw new InputError(`"${value}" is not a digest`, { hint: "Give 0x and 64 hex digits" });
  }
  return value.toLowerCase() as Digest;
}

/** Checks and brands basis points. @throws {InputError} unless it is a whole number in 0..10,000. */
export function bps(value: number | bigint): Bps {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 0 || n > 10_000) {
    throw new InputError(`${value} is not a ratio in basis points`, {
      hint: "Give a whole number from 0 to 10000",
    });
  }
  return n as Bps;
}

/** The digest of nothing: base of the initial model. */
export const ZERO_DIGEST = `0x${"0".repeat(64)}` as Digest;

function positive(value: number | bigint, what: string): number {
  const n = Number(value);
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new InputError(`${value} is not a ${what}`, { hint: "Give a whole number from 1" });
  }
  return n;
}
