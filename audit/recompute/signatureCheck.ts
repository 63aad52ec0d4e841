import { Interface } from "ethers";
import { EndpointError } from "@concordat/chain/endpoints/endpointError";
import { recoverSigner } from "@concordat/protocol/messages/signedResults";
import type { CheckKind, CheckPlace } from "../checks.ts";
import type { ReplayContext } from "../replay/replayContext.ts";

const ERC1271 = new Interface([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
]);
const MAGIC = "0x1626ba7e";

/** A signature that the chain accepted, and who must have made it. */
export interface AcceptedSignature {
  readonly kind: CheckKind;
  readonly place: CheckPlace;
  /** EIP-712 digest. */
  readonly hash: string;
  readonly signature: string;
  /** Signer by the registry's history at the round's opening. */
  readonly signer: string | undefined;
  readonly block: number;
}

/**
 * Recovers the signer, and where it is a contract asks it at that block (ERC-1271). A contract whose state the endpoint no
 * longer has is recorded as accepted on chain.
 */
export async function checkSignature(context: ReplayContext, accepted: AcceptedSignature): Promise<void> {
  const { kind, place, hash, signature, signer, block } = accepted;
  const recovered = recoverSigner(hash, signature);
  if (signer === undefined) {
    context.checks.expect(kind, place, "a signer of the registry", "none");
    return;
  }
  if (recovered?.toLowerCase() === signer.toLowerCase()) {
    context.checks.expect(kind, place, signer, recovered);
    return;
  }
  const answer = await askContract(context, { hash, signature, signer, block });
  switch (answer) {
    case "valid":
      context.checks.expect(kind, place, signer, signer);
      return;
    case "invalid":
      context.checks.expect(kind, place, signer, recovered ?? "no signature of it");
      return;
    case "unknown":
      context.checks.notRecomputed(
        kind,
        place,
        signer,
        "accepted on chain; the endpoint lacks the state to ask the signing contract again",
        { kind: "state" },
      );
  }
}

async function askContract(
  { source }: ReplayContext,
  { hash, signature, signer, block }: { hash: string; signature: string; signer: string; block: number },
): Promise<"valid" | "invalid" | "unknown"> {
  try {
    if ((await source.code(signer, block)) === "0x") return "invalid";
  } catch {
    return "unknown";
  }
  const call = ERC1271.encodeFunctionData("isValidSignature", [hash, signature]);
  try {
    return (await source.call(signer, call, block)).startsWith(MAGIC) ? "valid" : "invalid";
  } catch (error) {
    // A contract's revert means no; what the endpoint says of itself means nothing.
    return error instanceof EndpointError ? "unknown" : "invalid";
  }
}
