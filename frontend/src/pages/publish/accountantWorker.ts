import { ConcordatError } from "@concordat/protocol/errors";
import { accountPrivacy, type PrivacyAnswer } from "./accountant.ts";
import type { PrivacyRequest } from "./draftPrivacy.ts";

/** What the worker answers. */
export type AccountantAnswer =
  | { readonly kind: "done"; readonly answer: PrivacyAnswer }
  | { readonly kind: "refused"; readonly message: string; readonly hint: string | undefined };

self.addEventListener("message", ({ data }: MessageEvent<PrivacyRequest>) => {
  self.postMessage(answerTo(data));
});

function answerTo(request: PrivacyRequest): AccountantAnswer {
  try {
    return { kind: "done", answer: accountPrivacy(request) };
  } catch (error) {
    if (!(error instanceof ConcordatError)) throw error;
    return { kind: "refused", message: error.message, hint: error.hint };
  }
}
