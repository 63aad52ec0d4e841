import type { NamedBytes } from "@concordat/learning/tasks/taskFiles";
import { ConcordatError } from "@concordat/protocol/errors";
import {
  GRANT_HEADER,
  UPLOADS_PATH,
  UPLOAD_REFUSALS,
  encodeGrant,
  type SignedGrant,
  type UploadRefusal,
} from "@concordat/protocol/messages/uploads";
import { REFUSAL_WORDS } from "./refusalWords.ts";

/** How often a file is sent where the line breaks, or the node asks for patience. */
const ATTEMPTS = 4;
/** Milliseconds before it is sent again, where the node does not say. */
const PAUSE_MS = 1_000;
/** Longest pause that a node may ask for, in milliseconds. */
const MAX_PAUSE_MS = 10_000;
/** Milliseconds without any progress after which a line is given up. */
const STILL_MS = 60_000;

const FOR_NOW: ReadonlySet<UploadRefusal> = new Set(["starting", "rate", "busy", "chain"]);

/** A node's refusal of a file. */
export class UploadRefusedError extends ConcordatError {
  readonly reason: UploadRefusal;

  constructor(nodeId: number, reason: UploadRefusal) {
    const [what, hint] = REFUSAL_WORDS[reason];
    super(`Node ${nodeId} does not take the file: ${what}`, { hint });
    this.reason = reason;
  }
}

interface Target {
  readonly nodeId: number;
  readonly origin: string;
}

/**
 * Hands one file to a node; again where the line breaks, which does no harm: the node keeps it once.
 * @param onProgress Told the bytes that are on their way.
 * @throws {UploadRefusedError} with the node's reason; {ConcordatError} where it cannot be reached.
 */
export async function sendFile(
  target: Target,
  file: NamedBytes,
  grant: SignedGrant,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    onProgress(0);
    const answer = await put(target, file, grant, onProgress, signal);
    signal.throwIfAborted();
    if (answer.kind === "taken") return;
    const isLast = attempt === ATTEMPTS;
    if (answer.kind === "refused" && (isLast || !FOR_NOW.has(answer.reason)))
      throw new UploadRefusedError(target.nodeId, answer.reason);
    if (isLast) {
      throw new ConcordatError(`Node ${target.nodeId} broke off ${ATTEMPTS} times`, {
        hint: "Look at your line, then try again; or choose another node",
      });
    }
    await pause(answer.kind === "refused" ? answer.pauseMs : PAUSE_MS * attempt, signal);
  }
}

type Answer =
  | { readonly kind: "taken" | "broken" }
  | { readonly kind: "refused"; readonly reason: UploadRefusal; readonly pauseMs: number };

/** XMLHttpRequest, since fetch does not tell how much of a body has been sent. */
async function put(
  { origin }: Target,
  { bytes, digest }: NamedBytes,
  grant: SignedGrant,
  onProgress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const request = new XMLHttpRequest();
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const abort = (): void => request.abort();
  let still = setTimeout(abort, STILL_MS);
  const isAlive = (): void => {
    clearTimeout(still);
    still = setTimeout(abort, STILL_MS);
  };
  request.open("PUT", `${origin}${UPLOADS_PATH}/${digest}`);
  request.setRequestHeader("content-type", "application/octet-stream");
  request.setRequestHeader(GRANT_HEADER, encodeGrant(grant));
  request.upload.addEventListener("progress", ({ loaded }) => {
    isAlive();
    onProgress(loaded);
  });
  for (const end of ["error", "abort", "timeout"] as const)
    request.addEventListener(end, () => resolve({ kind: "broken" }));
  request.addEventListener("load", () => resolve(answerOf(request)));
  signal.addEventListener("abort", abort);
  try {
    request.send(new Blob([bytes as BlobPart]));
    return await promise;
  } finally {
    clearTimeout(still);
    signal.removeEventListener("abort", abort);
  }
}

function answerOf(request: XMLHttpRequest): Answer {
  if (request.status === 200 || request.status === 201) return { kind: "taken" };
  const seconds = Number(request.getResponseHeader("retry-after") ?? "");
  const pauseMs = Math.min(MAX_PAUSE_MS, seconds > 0 ? seconds * 1000 : PAUSE_MS);
  // The gateway's own limit, which knows nothing of uploads, answers without a body.
  const byStatus: UploadRefusal = request.status === 429 ? "rate" : "failed";
  return { kind: "refused", reason: reasonIn(request.responseText) ?? byStatus, pauseMs };
}

function reasonIn(text: string): UploadRefusal | undefined {
  try {
    const { refused } = JSON.parse(text) as { refused?: unknown };
    return UPLOAD_REFUSALS.find((reason) => reason === refused);
  } catch {
    return undefined;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}
