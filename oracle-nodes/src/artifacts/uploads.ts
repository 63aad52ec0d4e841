import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname, join } from "node:path";
import { verifyTypedData } from "ethers";
import { z } from "zod";
import { digestOf } from "../../../protocol/contentAddress.ts";
import type { Address, Digest } from "../../../protocol/ids.ts";
import {
  GRANT_HEADER,
  MAX_GRANT_FILES,
  MAX_GRANT_SECONDS,
  UPLOAD_PATH,
  UPLOAD_TYPES,
  uploadDomain,
} from "../../../protocol/uploadGrant.ts";
import type { SignedGrant, UploadOffer } from "../../../protocol/uploadGrant.ts";
import type { ArtifactStore } from "./artifactStore.ts";
import { writeDurably } from "./durableFile.ts";

/** From whom a node takes files, how much, and for how long. */
export interface UploadOptions {
  /** Accounts that the operator lists: nobody else fills its disk. */
  readonly accounts: readonly string[];
  /** Bytes that one account may have here at a time. */
  readonly quotaBytes: number;
  /** Seconds after which a file goes that no task names. */
  readonly keepSeconds: number;
  readonly chainId: number;
  readonly nodeRegistry: Address;
  /** Where it is kept who has handed over what. */
  readonly file: string;
  /** Whether a task names the file, so that it stays. */
  readonly isNamed: (digest: Digest) => Promise<boolean>;
  /** Told what was taken and what went, for the log. */
  readonly onUpload?: (news: {
    readonly digest: Digest;
    readonly account: string;
    readonly bytes: number;
  }) => void;
  readonly onExpired?: (digest: Digest) => void;
  /** Unix seconds. */
  readonly now?: () => number;
}

interface Held {
  readonly digest: Digest;
  readonly account: string;
  readonly bytes: number;
  /** Unix seconds. */
  readonly at: number;
}

const digest = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((value) => value as Digest);
const grantSchema = z.strictObject({
  account: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .transform((value) => value as Address),
  digests: z.array(digest).min(1).max(MAX_GRANT_FILES),
  bytes: z.number().int().positive(),
  expires: z.number().int().positive(),
  signature: z
    .string()
    .regex(/^0x[0-9a-fA-F]{130}$/)
    .transform((value) => value as `0x${string}`),
});
const heldSchema = z.array(
  z.strictObject({ digest, account: z.string(), bytes: z.number().int(), at: z.number().int() }),
);

/** Longest header that is read: a grant of four files is far below. */
const MAX_HEADER_LETTERS = 4096;
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, OPTIONS",
  "access-control-allow-headers": `content-type, ${GRANT_HEADER}`,
  "access-control-max-age": "600",
};

/**
 * Takes files over HTTP from accounts that the operator lists, for those who publish a task without a node or a terminal:
 * GET of /uploads?account=A says whether and how much, POST of /uploads?digest=D with a signed grant brings one file.
 * Everything is refused before its body is read, and counts against the account's quota while it is.
 */
export class Uploads {
  readonly #options: UploadOptions;
  readonly #store: ArtifactStore;
  #held: readonly Held[];
  /** Bytes that are on their way, by account. */
  readonly #coming = new Map<string, number>();
  #saving: Promise<void> = Promise.resolve();

  private constructor(options: UploadOptions, store: ArtifactStore, held: readonly Held[]) {
    this.#options = options;
    this.#store = store;
    this.#held = held;
  }

  /** Takes up what was handed over before, and lets go what has expired meanwhile. */
  static async open(options: UploadOptions, store: ArtifactStore): Promise<Uploads> {
    const uploads = new Uploads(options, store, await readHeld(options.file));
    await uploads.sweep();
    return uploads;
  }

  /** Lets go what was here for long enough and what no task names. */
  async sweep(): Promise<void> {
    const { keepSeconds, isNamed, onExpired } = this.#options;
    const old = this.#held.filter(({ at }) => this.#now() - at >= keepSeconds);
    for (const each of old) {
      // A file that a task names is the federation's from now on, and no longer the account's.
      if (!(await isNamed(each.digest))) {
        await this.#store.remove(each.digest);
        onExpired?.(each.digest);
      }
      this.#held = this.#held.filter((kept) => kept !== each);
    }
    if (old.length > 0) await this.#save();
  }

  /** Answers a request of the gateway whose path is {@link UPLOAD_PATH}. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams } = new URL(request.url ?? "", "http://node");
    const answer = (status: number, body: unknown): void => {
      const text = JSON.stringify(body);
      // What is refused before its body was read leaves a connection that cannot be used again.
      const unread = request.method === "POST" && !request.complete ? { connection: "close" } : {};
      response
        .writeHead(status, {
          ...CORS,
          ...unread,
          "content-type": "application/json",
          "cache-control": "no-store",
        })
        .end(text);
    };
    if (request.method === "OPTIONS") {
      response.writeHead(204, CORS).end();
      return;
    }
    if (request.method === "GET") return answer(200, this.#offer(searchParams.get("account") ?? ""));
    if (request.method !== "POST") return answer(405, { reason: "method" });
    await this.sweep();
    const grant = this.#grantOf(request);
    if (typeof grant === "string") return answer(grant === "account" ? 403 : 401, { reason: grant });
    const wanted = searchParams.get("digest")?.toLowerCase();
    if (!grant.digests.some((each) => each === wanted)) return answer(400, { reason: "digest" });
    const length = Number(request.headers["content-length"] ?? Number.NaN);
    if (!Number.isSafeInteger(length) || length <= 0) return answer(411, { reason: "length" });
    const account = grant.account.toLowerCase();
    if (length > grant.bytes) return answer(413, { reason: "grant" });
    if (length > this.#freeBytes(account)) return answer(413, { reason: "quota" });
    this.#coming.set(account, (this.#coming.get(account) ?? 0) + length);
    try {
      const bytes = await readBody(request, length);
      if (bytes === undefined) return answer(400, { reason: "length" });
      const found = await digestOf(bytes);
      if (found !== wanted) return answer(422, { reason: "content", found });
      await this.#store.put(bytes);
      const others = this.#held.filter((each) => each.digest !== found || each.account !== account);
      this.#held = [...others, { digest: found, account, bytes: length, at: this.#now() }];
      await this.#save();
      this.#options.onUpload?.({ digest: found, account, bytes: length });
      answer(201, { digest: found });
    } finally {
      this.#coming.set(account, (this.#coming.get(account) ?? 0) - length);
    }
  }

  #offer(account: string): UploadOffer {
    const { chainId, keepSeconds } = this.#options;
    const accepts = this.#isListed(account);
    return {
      format: "concordat/uploads/1",
      chainId,
      accepts,
      freeBytes: accepts ? this.#freeBytes(account.toLowerCase()) : 0,
      keepSeconds,
    };
  }

  /** The grant that a request carries, or why it opens nothing. */
  #grantOf({ headers }: IncomingMessage): SignedGrant | "grant" | "expired" | "signature" | "account" {
    const text = headers[GRANT_HEADER];
    if (typeof text !== "string" || text.length > MAX_HEADER_LETTERS) return "grant";
    let grant: SignedGrant;
    try {
      grant = grantSchema.parse(JSON.parse(Buffer.from(text, "base64").toString()));
    } catch {
      return "grant";
    }
    if (!this.#isListed(grant.account)) return "account";
    const left = grant.expires - this.#now();
    if (left <= 0 || left > MAX_GRANT_SECONDS) return "expired";
    const { chainId, nodeRegistry } = this.#options;
    const { signature, ...signed } = grant;
    try {
      const signer = verifyTypedData(
        uploadDomain(chainId, nodeRegistry),
        { Upload: [...UPLOAD_TYPES.Upload] },
        signed,
        signature,
      );
      return signer.toLowerCase() === grant.account.toLowerCase() ? grant : "signature";
    } catch {
      return "signature";
    }
  }

  #isListed(account: string): boolean {
    return this.#options.accounts.some((each) => each.toLowerCase() === account.toLowerCase());
  }

  #freeBytes(account: string): number {
    const held = this.#held.filter((each) => each.account === account);
    const taken = held.reduce((sum, { bytes }) => sum + bytes, this.#coming.get(account) ?? 0);
    return Math.max(0, this.#options.quotaBytes - taken);
  }

  #now(): number {
    return this.#options.now?.() ?? Math.floor(Date.now() / 1000);
  }

  /** One after another, so that the file has the newest list. */
  async #save(): Promise<void> {
    const { file } = this.#options;
    const folder = dirname(file);
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(async () =>
        writeDurably(folder, [{ path: join(folder, basename(file)), bytes: JSON.stringify(this.#held) }]),
      );
    await this.#saving;
  }
}

/** Whether a request of the gateway is about uploads. */
export function isUploadRequest({ url = "" }: IncomingMessage): boolean {
  return url === UPLOAD_PATH || url.startsWith(`${UPLOAD_PATH}?`);
}

/** Exactly so many bytes; undefined where more or fewer come. */
async function readBody(request: IncomingMessage, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  let end = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (end + chunk.length > length) return undefined;
    bytes.set(chunk, end);
    end += chunk.length;
  }
  return end === length ? bytes : undefined;
}

async function readHeld(file: string): Promise<readonly Held[]> {
  try {
    return heldSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    // Not there yet, or not ours: quotas begin anew, and nothing is removed.
    return [];
  }
}
