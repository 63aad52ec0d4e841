import { ConcordatError } from "@concordat/protocol/errors";
import type { PrivacyAnswer } from "./accountant.ts";
import type { AccountantAnswer } from "./accountantWorker.ts";
import type { PrivacyRequest } from "./draftPrivacy.ts";

/**
 * Has the privacy computed beside the page, which it would hold up for seconds.
 * @throws {ConcordatError} when no noise keeps within the budget, or the page cannot start a worker.
 */
export async function askAccountant(request: PrivacyRequest, signal?: AbortSignal): Promise<PrivacyAnswer> {
  const worker = new Worker(new URL("./accountantWorker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise<AccountantAnswer>((resolve, reject) => {
      worker.addEventListener("message", ({ data }: MessageEvent<AccountantAnswer>) => resolve(data));
      worker.addEventListener("error", () => {
        reject(
          new ConcordatError("The privacy cannot be computed in this browser", {
            hint: "Load the page again, or publish with the command line",
          }),
        );
      });
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
      worker.postMessage(request);
    });
    if (answer.kind === "done") return answer.answer;
    throw new ConcordatError(answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
  } finally {
    worker.terminate();
  }
}
