import { UPLOAD_PATH, GRANT_HEADER } from "../../../../protocol/uploadGrant.ts";
import type { SignedGrant, UploadOffer } from "../../../../protocol/uploadGrant.ts";
import type { NamedBytes } from "../../../../oracle-nodes/src/learning/taskFiles.ts";
import { ConcordatError } from "../../../../protocol/errors.ts";

/** Milliseconds that a node may take to say whether it takes files, and to take one. */
const OFFER_TIMEOUT_MS = 5_000;
const UPLOAD_TIMEOUT_MS = 600_000;

/** What a node says of uploads to this account; undefined for one that takes none, or does not answer. */
export async function uploadOffer(origin: string, account: string): Promise<UploadOffer | undefined> {
  try {
    const response = await fetch(`${origin}${UPLOAD_PATH}?account=${account}`, {
      signal: AbortSignal.timeout(OFFER_TIMEOUT_MS),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
    });
    if (!response.ok) return undefined;
    const offer = (await response.json()) as Partial<UploadOffer>;
    const { format, accepts, freeBytes, keepSeconds, chainId } = offer;
    if (format !== "concordat/uploads/1" || accepts !== true) return undefined;
    if (typeof freeBytes !== "number" || typeof keepSeconds !== "number" || typeof chainId !== "number") {
      return undefined;
    }
    return { format, accepts, freeBytes, keepSeconds, chainId };
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  account: "its operator does not list your account",
  expired: "your signature is too old, or the clocks differ",
  signature: "the signature is not your account’s: accounts that are contracts cannot hand over files",
  quota: "your share of its disk is used up",
  grant: "the files are larger than what you signed",
  content: "what arrived is not what its digest names",
};

/** Hands one file to a node. @throws {ConcordatError} with the node's reason. */
export async function uploadFile(
  origin: string,
  { bytes, digest }: NamedBytes,
  grant: SignedGrant,
): Promise<void> {
  const response = await fetch(`${origin}${UPLOAD_PATH}?digest=${digest}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", [GRANT_HEADER]: btoa(JSON.stringify(grant)) },
    body: bytes as BodyInit,
    signal: AbortSignal.timeout(UPLOAD_TIMEOUT_MS),
    credentials: "omit",
    referrerPolicy: "no-referrer",
    redirect: "error",
  }).catch((cause: unknown) => {
    throw new ConcordatError("The node broke off", { hint: "Try again, or another node", cause });
  });
  if (response.ok) return;
  const { reason = "" } = (await response.json().catch(() => ({}))) as { reason?: string };
  throw new ConcordatError(`The node refused the file: ${REASONS[reason] ?? `HTTP ${response.status}`}`, {
    hint: "Ask its operator, or choose another node",
  });
}
