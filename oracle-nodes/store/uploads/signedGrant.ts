import { TypedDataEncoder, recoverAddress, type TypedDataField } from "ethers";
import { z } from "zod";
import { MAX_ARTIFACT_BYTES } from "@concordat/protocol/artifacts/contentAddress";
import type { Address, Digest } from "@concordat/protocol/ids";
import {
  GRANT_TYPES,
  MAX_GRANT_FILES,
  MAX_GRANT_NODES,
  grantDomain,
  type SignedGrant,
} from "@concordat/protocol/messages/uploads";

/** Letters of a grant's header at most: that of four files for sixteen nodes, signed by ten owners, is half as long. */
const MAX_LETTERS = 6000;
/** A signature of a key: r, s and v. */
const KEY_SIGNATURE = /^0x[0-9a-f]{130}$/i;
const TYPES: Record<string, TypedDataField[]> = {
  Upload: [...GRANT_TYPES.Upload],
  UploadFile: [...GRANT_TYPES.UploadFile],
};

const grantSchema = z.strictObject({
  account: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .transform((value) => value as Address),
  nodes: z.array(z.number().int().positive()).min(1).max(MAX_GRANT_NODES),
  files: z
    .array(
      z.strictObject({
        digest: z
          .string()
          .regex(/^0x[0-9a-f]{64}$/)
          .transform((value) => value as Digest),
        size: z.number().int().positive().max(MAX_ARTIFACT_BYTES),
      }),
    )
    .min(1)
    .max(MAX_GRANT_FILES),
  expires: z.number().int().positive(),
  signature: z
    .string()
    .regex(/^0x([0-9a-fA-F]{2})+$/)
    .transform((value) => value as `0x${string}`),
});

/** Reads a grant's header; undefined for what is none. Whether it was signed by its account is another question. */
export function readGrant(header: string | readonly string[] | undefined): SignedGrant | undefined {
  if (typeof header !== "string" || header.length > MAX_LETTERS) return undefined;
  try {
    return grantSchema.parse(JSON.parse(Buffer.from(header, "base64").toString()));
  } catch {
    return undefined;
  }
}

/** What a wallet signs of a grant. */
export function grantHash(chainId: number, nodeRegistry: Address, grant: SignedGrant): string {
  const { signature: _signature, ...signed } = grant;
  return TypedDataEncoder.hash(grantDomain(chainId, nodeRegistry), TYPES, signed);
}

/** Whether the account's own key signed the hash. A contract account has none; it has to be asked on the chain. */
export function isKeySignature({ account, signature }: SignedGrant, hash: string): boolean {
  if (!KEY_SIGNATURE.test(signature)) return false;
  try {
    return recoverAddress(hash, signature).toLowerCase() === account.toLowerCase();
  } catch {
    return false;
  }
}
