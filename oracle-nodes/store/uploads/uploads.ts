import { randomUUID } from "node:crypto";
import { rm, statfs } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { digestOf } from "@concordat/protocol/artifacts/contentAddress";
import type { Address, Digest } from "@concordat/protocol/ids";
import {
  GRANT_HEADER,
  MAX_GRANT_SECONDS,
  UPLOADS_FORMAT,
  UPLOADS_PATH,
  type SignedGrant,
  type UploadOffer,
  type UploadRefusal,
} from "@concordat/protocol/messages/uploads";
import type { ArtifactStore } from "../artifactStore.ts";
import { makeFolder } from "@concordat/files/durableFile";
import type { RequestHandler } from "../gateway/gatewayServer.ts";
import { RateLimiter, type RateLimit } from "../gateway/rateLimit.ts";
import { BodyLostError, bodyDeadline, receiveBody } from "./receiveBody.ts";
import { grantHash, isKeySignature, readGrant } from "./signedGrant.ts";
import { STATUS, answerJson, corsHeaders, refuse } from "./uploadAnswer.ts";
import { UploadLedger } from "./uploadLedger.ts";

/** From whom a node takes files, how much, for how long, and for which pages. */
export interface UploadTerms {
  /** Accounts that the operator lists: nobody else fills its disk. */
  readonly accounts: readonly string[];
  /** Bytes of one file at most. */
  readonly maxBytes: number;
  /** Bytes that one account may have here at a time. */
  readonly quotaBytes: number;
  /** Seconds after which a file goes that no task names. */
  readonly keepSeconds: number;
  /** Origins of the pages that may hand over files. What is no page of a browser needs none: the signature counts. */
  readonly origins: readonly string[];
}

/** Which artifacts published tasks name, and the chain's time in unix seconds up to which none of them is missing. */
export interface NamedArtifacts {
  readonly digests: ReadonlySet<Digest>;
  readonly time: number;
}

export interface UploadOptions extends UploadTerms {
  /** This node's number in the registry, which grants must name. */
  readonly node: number;
  readonly chainId: number;
  readonly nodeRegistry: Address;
  /** Folder of the ledger, and of files that are on their way. */
  readonly dir: string;
  /** Asks the chain what tasks name. @throws where it cannot be asked: then nothing goes. */
  readonly namedByTasks: () => Promise<NamedArtifacts>;
  /** Asks an account that is a contract whether it signed (ERC-1271). @throws where the chain cannot be asked. */
  readonly isContractSignature: (account: Address, hash: string, signature: string) => Promise<boolean>;
  readonly news: UploadNews;
  /** Unix seconds. */
  readonly now?: () => number;
  /** Bytes that are free on the disk. */
  readonly freeDisk?: (dir: string) => Promise<number>;
  /** Milliseconds in which so many bytes have to be here. */
  readonly deadlineMs?: (bytes: number) => number;
  /** How often one client may ask. */
  readonly rate?: RateLimit;
}

/** What is told of uploads, for the log. */
export interface UploadNews {
  readonly taken: (facts: { digest: Digest; account: string; bytes: number }) => void;
  readonly refused: (facts: { reason: UploadRefusal; account?: string; problem?: unknown }) => void;
  readonly expired: (facts: { digests: readonly Digest[]; bytes: number }) => void;
  readonly unsure: (problem: unknown) => void;
  /** What was found when the ledger was opened: records without their file, and records that cannot be read. */
  readonly opened: (facts: { held: number; lost: number; damaged: number }) => void;
}

const DEFAULT_RATE: RateLimit = { perSecond: 2, burst: 40 };
/** Files that come at once, of all accounts and of one. */
const MAX_COMING = 8;
const MAX_COMING_OF_ONE = 2;
/** Bytes that stay free for the node's own rounds, which come first. */
const DISK_RESERVE = 256 * 1024 * 1024;
/** A file stands on the disk twice for a moment: as it came, and in the store. */
const COPIES = 2;

/** A refusal on its way to the answer. */
class Refusal extends Error {
  readonly reason: UploadRefusal;

  constructor(reason: UploadRefusal, cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/**
 * Takes files over HTTP from accounts that the operator lists, for publishers without a node or a terminal: GET of
 * {@link UPLOADS_PATH} says whether and how much, PUT of UPLOADS_PATH/DIGEST with a signed grant brings one file. Who sends,
 * how much and whether there is room is settled before a byte of the body is read; what it is, before it is kept.
 */
export class Uploads implements RequestHandler {
  readonly #options: UploadOptions;
  readonly #limiter: RateLimiter;
  readonly #accounts: ReadonlySet<string>;
  /** What is on its way: bytes and account, by digest. */
  readonly #coming = new Map<Digest, { readonly account: string; readonly bytes: number }>();
  readonly #handling = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #opened: { readonly store: ArtifactStore; readonly ledger: UploadLedger } | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#limiter = new RateLimiter(options.rate ?? DEFAULT_RATE);
    this.#accounts = new Set(options.accounts.map((account) => account.toLowerCase()));
  }

  get longestMs(): number {
    return this.#deadlineMs(this.#options.maxBytes);
  }

  /** Begins to take files into the store: takes up the ledger, and drops what was on its way when the node ended. */
  async open(store: ArtifactStore): Promise<void> {
    const { dir, news } = this.#options;
    await rm(this.#spool, { recursive: true, force: true });
    await makeFolder(this.#spool);
    const ledger = await UploadLedger.open(join(dir, "held"));
    let lost = 0;
    for (const { digest } of ledger.all()) {
      if (await store.has(digest)) continue;
      await ledger.forget(digest);
      lost++;
    }
    news.opened({ held: ledger.all().length, lost, damaged: ledger.damaged });
    this.#opened = { store, ledger };
  }

  /** Ends what is under way, and takes nothing any more. */
  async close(): Promise<void> {
    this.#opened = undefined;
    this.#stopping.abort();
    await Promise.all([...this.#handling, this.#sweeping]);
  }

  /** The node uses the artifact itself: from now on it is the node's own, charged to nobody, and never goes as an upload. */
  async claim(digest: Digest): Promise<void> {
    await this.#opened?.ledger.forget(digest);
  }

  /** Removes what has been here for long enough and what no task names; where the chain cannot be asked, nothing goes. */
  async sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    await this.#sweeping;
  }

  takes(url: string): boolean {
    const [path = ""] = url.split("?", 1);
    return path === UPLOADS_PATH || path.startsWith(`${UPLOADS_PATH}/`);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const handling = this.#handle(request, response).catch(() => {
      response.destroy();
    });
    this.#handling.add(handling);
    await handling.finally(() => this.#handling.delete(handling));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers;
    const isOurs = origin === undefined || this.#options.origins.includes(origin);
    const cors = corsHeaders(isOurs ? origin : undefined);
    const { method = "" } = request;
    if (!this.#limiter.allows(request.socket.remoteAddress ?? "", this.#clock()))
      return refuse(request, response, "rate", cors);
    // Whether files are taken anybody may know, also a page whose origin is not listed: it tells its reader.
    if (method === "GET") {
      return answerJson(response, 200, this.#offer(request, isOurs), { "access-control-allow-origin": "*" });
    }
    if (!isOurs) return refuse(request, response, "origin", cors);
    if (method === "OPTIONS") {
      response.writeHead(204, cors).end();
      return;
    }
    if (method !== "PUT") {
      response.writeHead(405, { ...cors, allow: "GET, PUT, OPTIONS", connection: "close" }).end();
      return;
    }
    let account: string | undefined;
    try {
      const grant = readGrant(request.headers[GRANT_HEADER]);
      account = grant?.account.toLowerCase();
      const { digest, isNew } = await this.#take(request, grant);
      answerJson(response, isNew ? 201 : 200, { digest }, cors);
    } catch (error) {
      const refusal = toRefusal(error);
      this.#tell(refusal, account);
      await refuse(request, response, refusal.reason, cors);
    }
  }

  /** What strangers try is not worth a line each: whoever wants to could fill the log with it. */
  #tell({ reason, cause: problem }: Refusal, account = ""): void {
    const isKnown = this.#accounts.has(account);
    if (!isKnown && STATUS[reason] < 500) return;
    this.#options.news.refused({
      reason,
      ...(isKnown && { account }),
      ...(problem !== undefined && { problem }),
    });
  }

  /** Everything that needs no body, in the order of what it costs. */
  async #take(
    request: IncomingMessage,
    grant: SignedGrant | undefined,
  ): Promise<{ readonly digest: Digest; readonly isNew: boolean }> {
    if (this.#opened === undefined) throw new Refusal("starting");
    if (grant === undefined) throw new Refusal("grant");
    const account = grant.account.toLowerCase();
    if (!this.#accounts.has(account)) throw new Refusal("account");
    if (!grant.nodes.includes(this.#options.node)) throw new Refusal("node");
    const left = grant.expires - this.#now();
    if (left <= 0 || left > MAX_GRANT_SECONDS) throw new Refusal("expired");
    const wanted = (request.url ?? "").slice(UPLOADS_PATH.length + 1);
    const file = grant.files.find(({ digest }) => digest === wanted);
    if (file === undefined) throw new Refusal("file");
    const { digest, size } = file;
    const { "transfer-encoding": encoding, "content-length": length } = request.headers;
    if (encoding !== undefined || length !== String(size)) throw new Refusal("length");
    if (size > this.#options.maxBytes) throw new Refusal("too-large");
    await this.#checkSignature(grant);
    return this.#receive(request, { digest, bytes: size }, account);
  }

  async #checkSignature(grant: SignedGrant): Promise<void> {
    const { chainId, nodeRegistry, isContractSignature } = this.#options;
    const hash = grantHash(chainId, nodeRegistry, grant);
    if (isKeySignature(grant, hash)) return;
    const isSigned = await isContractSignature(grant.account, hash, grant.signature).catch(
      (cause: unknown) => {
        throw new Refusal("chain", cause);
      },
    );
    if (!isSigned) throw new Refusal("signature");
  }

  /** Reads the body, for which there is room; between two awaits nobody else can take that room. */
  async #receive(
    request: IncomingMessage,
    file: { readonly digest: Digest; readonly bytes: number },
    account: string,
  ): Promise<{ readonly digest: Digest; readonly isNew: boolean }> {
    const { digest, bytes } = file;
    if (this.#opened === undefined) throw new Refusal("starting");
    const { store, ledger } = this.#opened;
    const ofOne = [...this.#coming.values()].filter((each) => each.account === account).length;
    if (this.#coming.has(digest) || this.#coming.size >= MAX_COMING || ofOne >= MAX_COMING_OF_ONE)
      throw new Refusal("busy");
    const isCharged = account in (ledger.get(digest)?.owners ?? {});
    if (!isCharged && bytes > this.#freeBytes(account)) throw new Refusal("quota");
    this.#coming.set(digest, { account, bytes });
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(this.#deadlineMs(bytes)), this.#stopping.signal]);
      if (await store.has(digest)) {
        // What others handed over is charged to this account too. What is the node's own costs nobody anything.
        await receiveBody(request, undefined, bytes, signal);
        if (ledger.get(digest) !== undefined) await ledger.charge(file, account, this.#now());
        return { digest, isNew: false };
      }
      await this.#checkDisk();
      const body = await receiveBody(request, join(this.#spool, randomUUID()), bytes, signal);
      if ((await digestOf(body)) !== digest) throw new Refusal("content");
      await ledger.charge(file, account, this.#now());
      try {
        await store.put(body);
      } catch (cause) {
        await ledger.forget(digest);
        throw cause;
      }
      this.#options.news.taken({ digest, account, bytes });
      return { digest, isNew: true };
    } finally {
      this.#coming.delete(digest);
    }
  }

  async #checkDisk(): Promise<void> {
    const free = await (this.#options.freeDisk ?? freeDisk)(this.#spool);
    const coming = [...this.#coming.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    if (free - COPIES * coming < DISK_RESERVE) throw new Refusal("disk");
  }

  #offer({ url = "" }: IncomingMessage, isOurs: boolean): UploadOffer {
    const { node, chainId, nodeRegistry, maxBytes, keepSeconds } = this.#options;
    const account = new URLSearchParams(url.split("?", 2)[1] ?? "").get("account")?.toLowerCase() ?? "";
    const isListed = this.#accounts.has(account);
    const refused = !isListed ? "account" : !isOurs ? "origin" : undefined;
    return {
      format: UPLOADS_FORMAT,
      node,
      chainId,
      nodeRegistry,
      ...(this.#opened === undefined ? { refused: "starting" } : refused !== undefined && { refused }),
      maxBytes,
      freeBytes: isListed ? this.#freeBytes(account) : 0,
      keepSeconds,
      now: this.#now(),
    };
  }

  #freeBytes(account: string): number {
    const ledger = this.#opened?.ledger;
    const coming = [...this.#coming]
      // What is charged already is not charged again while it comes once more.
      .filter(
        ([digest, each]) => each.account === account && !(account in (ledger?.get(digest)?.owners ?? {})),
      )
      .reduce((sum, [, { bytes }]) => sum + bytes, 0);
    return Math.max(0, this.#options.quotaBytes - (ledger?.chargedTo(account) ?? 0) - coming);
  }

  async #sweep(): Promise<void> {
    if (this.#opened === undefined) return;
    const { store, ledger } = this.#opened;
    const { keepSeconds, namedByTasks, news } = this.#options;
    const isOver = (digest: Digest, time: number): boolean => {
      const record = ledger.get(digest);
      return record !== undefined && !record.isNamed && time >= UploadLedger.lastOf(record) + keepSeconds;
    };
    const due = ledger.all().filter(({ digest }) => isOver(digest, this.#now()));
    if (due.length === 0) return;
    const removed: Digest[] = [];
    let bytes = 0;
    try {
      const named = await namedByTasks();
      for (const record of due) {
        const { digest } = record;
        if (named.digests.has(digest)) await ledger.name(digest);
        // By the chain's time, too: a task of an hour ago is not missing because an endpoint is a day behind.
        else if (isOver(digest, Math.min(this.#now(), named.time)) && !this.#coming.has(digest)) {
          await store.remove(digest);
          await ledger.forget(digest);
          removed.push(digest);
          bytes += record.bytes;
        }
      }
    } catch (problem) {
      news.unsure(problem);
    }
    if (removed.length > 0) news.expired({ digests: removed, bytes });
  }

  get #spool(): string {
    return join(this.#options.dir, "coming");
  }

  #deadlineMs(bytes: number): number {
    return (this.#options.deadlineMs ?? bodyDeadline)(bytes);
  }

  #now(): number {
    return this.#options.now?.() ?? Math.floor(Date.now() / 1000);
  }

  /** Milliseconds, for the rate. */
  #clock(): number {
    return this.#options.now === undefined ? Date.now() : this.#options.now() * 1000;
  }
}

/** What is said of a failure: never its text. */
function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof BodyLostError) return new Refusal("slow");
  return new Refusal(isFullDisk(error) ? "disk" : "failed", error);
}

function isFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) return true;
  return isFullDisk(error.cause);
}

async function freeDisk(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}
