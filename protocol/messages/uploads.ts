import type { Address, Digest } from "../ids.ts";

/** The path of a node's gateway at which it says whether it takes files, and, with a digest behind it, takes one. */
export const UPLOADS_PATH = "/concordat/uploads";
/** The header that carries a signed grant, as {@link encodeGrant} writes it. */
export const GRANT_HEADER = "x-concordat-grant";
export const UPLOADS_FORMAT = "concordat/uploads/1";

/** Seconds for which a grant may be signed ahead: it opens a door for one publication, and is not kept. */
export const MAX_GRANT_SECONDS = 1800;
/** Files, and nodes, that one grant may name. */
export const MAX_GRANT_FILES = 4;
export const MAX_GRANT_NODES = 16;

/** One file that a grant lets in: the digest that its bytes must have, and how many they are. */
export interface GrantedFile {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * What a publisher signs so that nodes take files: which nodes, which files, and until when. It has no nonce: within its time
 * it only ever lets in the very same bytes, and they are kept once.
 */
export interface UploadGrant {
  readonly account: Address;
  /** Numbers in the registry of the nodes that may take them: no other node does. */
  readonly nodes: readonly number[];
  readonly files: readonly GrantedFile[];
  /** Unix seconds. */
  readonly expires: number;
}

export interface SignedGrant extends UploadGrant {
  /** Of the account's key, or whatever a contract account accepts (ERC-1271). */
  readonly signature: `0x${string}`;
}

/** The EIP-712 types of a grant; the order of the fields is binding. */
export const GRANT_TYPES = {
  Upload: [
    { name: "account", type: "address" },
    { name: "nodes", type: "uint256[]" },
    { name: "files", type: "UploadFile[]" },
    { name: "expires", type: "uint256" },
  ],
  UploadFile: [
    { name: "digest", type: "bytes32" },
    { name: "size", type: "uint256" },
  ],
} as const;

/** The EIP-712 domain of grants to nodes of one registry, so that none counts on another chain or for another deployment. */
export function grantDomain(chainId: number, nodeRegistry: Address) {
  return { name: "Concordat uploads", version: "1", chainId, verifyingContract: nodeRegistry } as const;
}

/** A grant as the header carries it: letters that a header may hold. */
export function encodeGrant(grant: SignedGrant): string {
  return btoa(JSON.stringify(grant));
}

/**
 * Every reason for which a node does not take a file. Nothing else is ever said to a stranger: no path, no endpoint, no
 * library's text.
 */
export const UPLOAD_REFUSALS = [
  /** The node has only just started, or is about to stop. */
  "starting",
  /** Its operator does not list the page's origin. */
  "origin",
  /** Too many requests from one address. */
  "rate",
  /** The grant is missing or malformed. */
  "grant",
  /** Its operator does not list the account. */
  "account",
  /** The grant names other nodes. */
  "node",
  /** The grant is over, or was signed for too long a time. */
  "expired",
  /** The path names no digest, or one that the grant does not. */
  "file",
  /** The body has no stated length, or another one than was granted. */
  "length",
  /** The file is larger than this node takes. */
  "too-large",
  /** Neither the account's key nor, if it is a contract, the account itself says that it signed the grant. */
  "signature",
  /** The account is a contract, and the chain could not be asked whether it signed. */
  "chain",
  /** As many files as it takes at once are on their way, this one perhaps among them. */
  "busy",
  /** The account's share of the disk is used up. */
  "quota",
  /** The node's disk has no room to spare. */
  "disk",
  /** The bytes came too slowly. */
  "slow",
  /** The bytes are not those that the digest names. */
  "content",
  /** The node could not do it; its log says why. */
  "failed",
] as const;
export type UploadRefusal = (typeof UPLOAD_REFUSALS)[number];

/** What a node says of uploads to an account that asks, before anything is signed. */
export interface UploadOffer {
  readonly format: typeof UPLOADS_FORMAT;
  /** The node's number, and the registry in which it has it. */
  readonly node: number;
  readonly chainId: number;
  readonly nodeRegistry: Address;
  /** Why it takes nothing from this account at this page; undefined where it does. */
  readonly refused?: UploadRefusal;
  /** Bytes of one file at most. */
  readonly maxBytes: number;
  /** Bytes that the account may still hand over. */
  readonly freeBytes: number;
  /** Seconds for which a file is kept that no task names. */
  readonly keepSeconds: number;
  /** The node's clock in unix seconds: by it a grant is over. */
  readonly now: number;
}
