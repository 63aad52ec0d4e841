import { Indexer } from "../../../../audit/index/indexer.ts";
import type { IndexNews } from "../../../../audit/index/indexer.ts";
import { IndexFile } from "../../../../audit/index/indexFile.ts";
import { rpcIndexSource } from "../../../../audit/index/indexSource.ts";
import { serveIndex } from "../../../../audit/index/http/indexServer.ts";
import type { Following } from "../../../../audit/index/http/indexServer.ts";
import { DEFAULT_SQL_LIMITS } from "../../../../audit/index/sql/sqlPool.ts";
import { rpcUrls } from "../../chain/chainProvider.ts";
import type { ChainOptions } from "../chainOptions.ts";
import { untilInterrupted } from "../interruption.ts";
import { findChain, openReader } from "../openChain.ts";
import { note, print } from "../output.ts";

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
  const { rpcUrl } = await findChain(options);
  const reader = await openReader(options);
  await reader.close();
  const { book } = reader;
  const signal = untilInterrupted();
  const chain = { ...book, hasAllTransactions: options.transactions === true };
  const file = IndexFile.open(options.db, chain);
  const source = rpcIndexSource(rpcUrls(rpcUrl)[0] ?? "");
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
        following =
          news.kind === "failing"
            ? { ...following, isAnswering: false }
            : { head: news.head.number, isAnswering: true };
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

/** Says how the reading goes: a line every two seconds, one when it reaches the head, one for whatever is unusual. */
function progressReport(deploymentBlock: number): (news: IndexNews) => void {
  let lastLine = 0;
  let events = 0;
  let wasCurrent = false;
  return (news) => {
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
      case "current":
        if (!wasCurrent) note(`Up to date at block ${news.head.number}, ${events} events read`);
        break;
      case "rewound":
        note(
          `The chain reorganised: back to ${news.to === undefined ? "the beginning" : `block ${news.to.number}`}`,
        );
        break;
      case "failing":
        note(`The chain's endpoint does not answer: ${reasonOf(news.error)}. The index serves what it has`);
        break;
      case "recovered":
        note("The chain's endpoint answers again");
        break;
      case "moved":
      case "refused":
        break;
    }
    wasCurrent = news.kind === "current" || (wasCurrent && news.kind === "read");
  };
}

/** The first part of an error, without what ethers adds in brackets. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split(" (")[0] ?? "";
}
