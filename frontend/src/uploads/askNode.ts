import {
  UPLOADS_FORMAT,
  UPLOADS_PATH,
  UPLOAD_REFUSALS,
  type UploadOffer,
  type UploadRefusal,
} from "@concordat/protocol/messages/uploads";
import type { NetworkConfig } from "../config/dappConfig.ts";

/** Milliseconds that a node may take to say whether it takes files. */
const TIMEOUT_MS = 8_000;
/** Letters of an answer at most. */
const MAX_LETTERS = 4096;

/** A member of the registry, and the gateways that the page can ask it at. */
export interface UploadNode {
  readonly nodeId: number;
  readonly origins: readonly string[];
}

/** What a member says to an account: it takes files, refuses them with its reason, or is not to be reached from this page. */
export type NodeAnswer =
  | { readonly nodeId: number; readonly kind: "takes"; readonly origin: string; readonly offer: UploadOffer }
  | { readonly nodeId: number; readonly kind: "refuses"; readonly reason: UploadRefusal }
  | { readonly nodeId: number; readonly kind: "silent" };

/** Asks a member, at one of its gateways after the other, whether it takes files from the account. */
export async function askNode(
  { nodeId, origins }: UploadNode,
  account: string,
  network: Pick<NetworkConfig, "chainId" | "addressBook">,
): Promise<NodeAnswer> {
  for (const origin of origins) {
    const offer = await askGateway(origin, account);
    if (offer === undefined) continue;
    const isThisNode =
      offer.node === nodeId &&
      offer.chainId === network.chainId &&
      offer.nodeRegistry.toLowerCase() === network.addressBook.contracts.NodeRegistry.toLowerCase();
    if (!isThisNode) return { nodeId, kind: "refuses", reason: "node" };
    return offer.refused === undefined
      ? { nodeId, kind: "takes", origin, offer }
      : { nodeId, kind: "refuses", reason: offer.refused };
  }
  return { nodeId, kind: "silent" };
}

async function askGateway(origin: string, account: string): Promise<UploadOffer | undefined> {
  try {
    const response = await fetch(`${origin}${UPLOADS_PATH}?account=${account}`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      redirect: "error",
    });
    if (!response.ok || Number(response.headers.get("content-length") ?? 0) > MAX_LETTERS) {
      await response.body?.cancel();
      return undefined;
    }
    return readOffer(await response.json());
  } catch {
    // No gateway of a node that takes files: older ones answer otherwise, and a browser does not say what was wrong.
    return undefined;
  }
}

/** What an operator's program answered, if it is an offer. */
export function readOffer(value: unknown): UploadOffer | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const offer = value as Partial<Record<keyof UploadOffer, unknown>>;
  const { format, node, chainId, nodeRegistry, refused, maxBytes, freeBytes, keepSeconds, now } = offer;
  if (format !== UPLOADS_FORMAT || typeof nodeRegistry !== "string") return undefined;
  const [nodeId, chain, most, free, keep, clock] = [node, chainId, maxBytes, freeBytes, keepSeconds, now].map(
    (each) => (Number.isSafeInteger(each) && Number(each) >= 0 ? Number(each) : -1),
  );
  if (nodeId === undefined || chain === undefined || most === undefined) return undefined;
  if (free === undefined || keep === undefined || clock === undefined) return undefined;
  if (Math.min(nodeId, chain, most, free, keep, clock) < 0) return undefined;
  const reason = UPLOAD_REFUSALS.find((each) => each === refused);
  return {
    format,
    node: nodeId,
    chainId: chain,
    nodeRegistry: nodeRegistry as UploadOffer["nodeRegistry"],
    // A reason that this page does not know is a reason all the same.
    ...(refused !== undefined && { refused: reason ?? "failed" }),
    maxBytes: most,
    freeBytes: free,
    keepSeconds: keep,
    now: clock,
  };
}
