import pino from "pino";
import { connectProvider } from "@concordat/chain/contracts/connectChain";
import type { AddressBook } from "@concordat/protocol/contracts/addressBook";
import { gapWords } from "@concordat/audit/reading/eventGaps";
import { Indexer } from "@concordat/audit/index/indexer";
import type { IndexNews } from "@concordat/audit/index/indexer";
import { IndexFile } from "@concordat/audit/index/indexFile";
import { rpcIndexSource } from "@concordat/audit/index/indexSource";
import { serveIndex } from "@concordat/audit/index/http/indexServer";
import type { Following } from "@concordat/audit/index/http/indexServer";
import { DEFAULT_SQL_LIMITS } from "@concordat/audit/index/sql/sqlPool";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ChainOptions } from "../chainOptions.ts";
import { untilInterrupted } from "@concordat/console/interruption";
import { readableLog } from "../logLines.ts";
import { findChain } from "../openChain.ts";
import { note, print } from "@concordat/console/output";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface IndexServeOptions extends ChainOptions {
  readonly db: string;
  readonly listen: ListenAddress;
  readonly allowOrigin?: readonly string[];
  readonly confirmations: number;
  /** Seconds. */
  readonly poll: number;
  readonly querySeconds: number;
  readonly queryRows: number;
  /** Whether every transaction sent to the contracts is read. */
  readonly transactions?: boolean;
}

/** Milliseconds between two lines about the progress. */
const PROGRESS_MS = 2000;

/** `concordat index serve`: runs until it is interrupted, and then leaves one complete file. */
export async function runIndexServe(options: IndexServeOptions): Promise<void> {
  const { rpcUrl, addressBook: book } = await findChain(options);
  const signal = untilInterrupted();
  await untilReachable(rpcUrl, book, signal);
  const chain = { ...book, hasAllTransactions: options.transactions === true };
  const file = IndexFile.open(options.db, chain);
  const source = rpcIndexSource(rpcUrl, book.chainId);
  let following: Following = { head: undefined, isAnswering: true };
  try {
    const server = await serveIndex({
      ...options.listen,
      file: options.db,
      chain,
      limits: { ...DEFAULT_SQL_LIMITS, seconds: options.querySeconds, rows: options.queryRows },
      following: () => following,
      ...(options.allowOrigin !== undefined && { origins: options.allowOrigin }),
    });
    try {
      print(`Index ${options.db} of chain ${book.chainId} (${book.network}) at ${server.url}`);
      const report = progressReport(book.deploymentBlock);
      const tell = (news: IndexNews): void => {
        following = followingAfter(following, news);
        report(news);
      };
      const indexer = new Indexer({ source, chain, file, confirmations: options.confirmations });
      await indexer.follow(options.poll * 1000, tell, signal);
    } finally {
      await server.close();
    }
  } finally {
    source.close();
    file.close();
  }
  signal.throwIfAborted();
}

/** Waits for an endpoint: a server runs unwatched, and may be started before its chain. @throws {InputError} for a wrong one. */
async function untilReachable(
  rpcUrl: string | readonly string[],
  book: AddressBook,
  signal: AbortSignal,
): Promise<void> {
  const logger = pino({ level: "warn", base: null }, readableLog(process.stderr));
  try {
    (await connectProvider(rpcUrl, book, { waitUntil: signal, logger })).destroy();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Steps in a row that wait for the endpoint before that is said. */
const WAITS_TOLD = 5;

/** How the index stands to its chain after some news. */
function followingAfter(before: Following, news: IndexNews): Following {
  if (news.kind === "failing") return { ...before, isAnswering: false };
  const head = Math.max(news.head.number, news.kind === "behind" ? news.tip.number : 0);
  const now = { head, isAnswering: true };
  if (news.kind === "incomplete") return { ...now, missing: gapWords(news.gaps) };
  const isWhole = news.kind === "current" && news.isVerified;
  return { ...now, ...(!isWhole && before.missing !== undefined && { missing: before.missing }) };
}

/** Says how the reading goes: a line every two seconds, one when it reaches the head, one for whatever is unusual. */
function progressReport(deploymentBlock: number): (news: IndexNews) => void {
  let lastLine = 0;
  let events = 0;
  let wasCurrent = false;
  let waits = 0;
  let wasIncomplete = false;
  return (news) => {
    waits = news.kind === "moved" || news.kind === "behind" ? waits + 1 : 0;
    switch (news.kind) {
      case "read": {
        events += news.events;
        const left = news.head.number - news.to.number;
        const isDue = performance.now() - lastLine > PROGRESS_MS;
        if (left > 0 && isDue) {
          const share = (news.to.number - deploymentBlock + 1) / (news.head.number - deploymentBlock + 1);
          note(
            `Block ${news.to.number} of ${news.head.number} (${Math.floor(share * 100)} %), ${events} events`,
          );
          lastLine = performance.now();
        }
        break;
      }
      case "current": {
        const verified = news.isVerified
          ? ""
          : "; not counted, since the endpoint has forgotten the state of that block";
        if (!wasCurrent) note(`Up to date at block ${news.head.number}, ${events} events read${verified}`);
        wasIncomplete = false;
        break;
      }
      case "incomplete":
        if (!wasIncomplete) {
          note(
            `The endpoint's logs are incomplete, ${gapWords(news.gaps)}; reading again until they are complete`,
          );
        }
        wasIncomplete = true;
        break;
      case "rewound": {
        const to = news.to === undefined ? "the beginning" : `block ${news.to.number}`;
        note(
          news.why === "reorganised"
            ? `The chain reorganised: back to ${to}`
            : `The endpoint gave fewer logs before: back to ${to}`,
        );
        break;
      }
      case "failing":
        note(`${reasonOf(news.error)}. The index serves what it has, and keeps asking`);
        break;
      case "recovered":
        note("The chain's endpoint answers again");
        break;
      case "moved":
        if (waits === WAITS_TOLD) note("The endpoint contradicts itself about recent blocks; reading again");
        break;
      case "behind":
        if (waits === WAITS_TOLD) {
          const has = `the endpoint's newest block is ${news.head.number}, but the index has ${news.tip.number}`;
          note(`Waiting: ${has}, and no other block has replaced it`);
        }
        break;
      case "refused":
        break;
    }
    wasCurrent = news.kind === "current" || (wasCurrent && news.kind === "read");
  };
}

/** Why the reading does not go on, in one sentence. */
function reasonOf(error: unknown): string {
  if (error instanceof ConcordatError) return error.message;
  const [reason = ""] = (error instanceof Error ? error.message : String(error)).split(" (");
  return `The chain's endpoint cannot be read: ${reason}`;
}
