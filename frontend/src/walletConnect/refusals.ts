import { UserRejectedRequestError } from "viem";
import { ConcordatError } from "@concordat/protocol/errors";

/** What WalletConnect's client rejects with: an error, or what the peer sent, which is none. */
interface Refusal {
  readonly code?: unknown;
  readonly message?: unknown;
}

/** Why a wallet did not accept a pairing. Codes: specs.walletconnect.com/2.0/specs/clients/sign/error-codes */
export function explainPairing(refusal: unknown): Error {
  if (refusal instanceof ConcordatError) return refusal;
  const { code, text } = read(refusal);
  if (isRejection(code)) return new UserRejectedRequestError(new Error(text));
  if (code >= 5100 && code < 5200) {
    return new ConcordatError("Your wallet does not support this network", {
      hint: "Add the network in the wallet, then connect again",
      cause: refusal,
    });
  }
  if (/expired/i.test(text)) {
    return new ConcordatError("No wallet has answered within five minutes", {
      hint: "Choose WalletConnect again for a new code",
      cause: refusal,
    });
  }
  return new ConcordatError("The connection to your wallet failed", {
    hint: "Choose WalletConnect again for a new code",
    facts: { answer: text },
    cause: refusal,
  });
}

/** Why a wallet did not do what it was asked. An error of its own keeps its code, by which the page tells what it means. */
export function explainRequest(refusal: unknown): Error {
  if (refusal instanceof ConcordatError) return refusal;
  const { code, text } = read(refusal);
  if (isParting(code)) return sessionOver();
  if (isRejection(code)) return Object.assign(new Error(text), { code: UserRejectedRequestError.code });
  if (Number.isFinite(code)) return Object.assign(new Error(text), { code });
  if (/expired/i.test(text)) {
    return new ConcordatError("Your wallet has not answered within five minutes", {
      hint: "Open it, and look whether it has sent anything, before you try again",
      cause: refusal,
    });
  }
  return new ConcordatError("The relay between this page and your wallet does not answer", {
    hint: "Look in your wallet whether it was asked, before you try again",
    cause: refusal,
  });
}

/** Said to whoever waits for a wallet, or asks it, when its session is no more. */
export function sessionOver(): ConcordatError {
  return new ConcordatError("The connection to your wallet has ended", { hint: "Connect it again" });
}

function isParting(code: number): boolean {
  return code >= 6000 && code < 7000;
}

function isRejection(code: number): boolean {
  return code === UserRejectedRequestError.code || (code >= 5000 && code < 5100);
}

function read(refusal: unknown): { readonly code: number; readonly text: string } {
  const { code, message } = (refusal ?? {}) as Refusal;
  return {
    code: typeof code === "number" && code !== 0 ? code : Number.NaN,
    text: typeof message === "string" ? message : String(refusal),
  };
}
