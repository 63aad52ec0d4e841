import type { Address, Digest } from "./ids.ts";

/** What a publisher signs so that a node takes files from it: which, how much, and until when. */
export interface UploadGrant {
  readonly account: Address;
  readonly digests: readonly Digest[];
  /** Bytes of all of them together. */
  readonly bytes: number;
  /** Unix seconds. */
  readonly expires: number;
}

export interface SignedGrant extends UploadGrant {
  readonly signature: `0x${string}`;
}

/** Seconds for which a grant may be signed ahead: it opens a door, and is not kept. */
export const MAX_GRANT_SECONDS = 900;
/** Files that one grant may name. */
export const MAX_GRANT_FILES = 4;
/** The header that carries a signed grant, as JSON in base64. */
export const GRANT_HEADER = "x-concordat-grant";
/** The gateway's path at which a node takes files, and says whether it does. */
export const UPLOAD_PATH = "/uploads";

export const UPLOAD_TYPES = {
  Upload: [
    { name: "account", type: "address" },
    { name: "digests", type: "bytes32[]" },
    { name: "bytes", type: "uint256" },
    { name: "expires", type: "uint256" },
  ],
} as const;

/** The EIP-712 domain of uploads to the nodes of one deployment. A wallet shows it, so that nothing else can be signed by it. */
export function uploadDomain(chainId: number, nodeRegistry: Address) {
  return { name: "Concordat upload", version: "1", chainId, verifyingContract: nodeRegistry } as const;
}

/** What a node says of uploads to an account that asks. */
export interface UploadOffer {
  readonly format: "concordat/uploads/1";
  readonly chainId: number;
  /** Whether its operator takes files from the account. */
  readonly accepts: boolean;
  /** Bytes that the account may still hand over. */
  readonly freeBytes: number;
  /** Seconds for which a file is kept that no task names. */
  readonly keepSeconds: number;
}
