import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import type { IndexServeOptions, ListenAddress } from "../actions/indexServe.ts";
import { chainOptions } from "../chainOptions.ts";
import { examples } from "../examples.ts";
import { positiveNumber, wholeNumber } from "../parsers.ts";

/** `concordat index ...`: all events in one SQLite file, for auditors. */
export function addIndexCommand(program: Command): void {
  const index = program
    .command("index")
    .description("keep all events in one SQLite file that auditors can query");
  const serve = index
    .command("serve")
    .description(
      "follow the chain into a file and answer SQL over HTTP, read only; resumes where it stopped; needs no key",
    );
  chainOptions(serve)
    .option("--db <FILE>", "the index; created if it does not exist", "index.sqlite")
    .addOption(
      new Option("--listen <HOST:PORT>", "where to listen; port 0 lets the system choose")
        .argParser(listenAddress)
        .default({ host: "127.0.0.1", port: 8546 }, "127.0.0.1:8546"),
    )
    .option(
      "--allow-origin <ORIGIN>",
      "pages that may read answers, repeatable (default: all)",
      (origin: string, before: readonly string[] = []) => [...before, pageOrigin(origin)],
    )
    .option("--confirmations <N>", "blocks that must lie on top of what is read", wholeNumber(0, 10_000), 0)
    .option(
      "--transactions",
      "include transactions to the contracts that failed or caused no event; reads every block in full",
    )
    .option("--poll <SECONDS>", "time between checks for a new block", positiveNumber, 1)
    .option("--query-seconds <N>", "longest that one question may take", positiveNumber, 2)
    .option("--query-rows <N>", "most rows in one answer", wholeNumber(1, 1_000_000), 10_000)
    .action(async (options: IndexServeOptions) => {
      const { runIndexServe } = await import("../actions/indexServe.ts");
      await runIndexServe(options);
    });
  examples(serve, [
    [
      "concordat index serve --rpc http://127.0.0.1:8545 --address-book addresses.json",
      "index.sqlite, and a page with example questions on http://127.0.0.1:8546",
    ],
    [
      "concordat index serve --rpc https://chain.example --address-book addresses.json --db chain.sqlite --confirmations 12 --allow-origin https://dapp.example",
      "behind a reverse proxy, for one dApp",
    ],
  ]);
  examples(index, [["concordat index serve --help", "all options"]]);
}

function listenAddress(text: string): ListenAddress {
  const [, bracketed, plain, port = ""] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError("Give a host and a port, for example 127.0.0.1:8546");
  }
  return { host, port: Number(port) };
}

function pageOrigin(text: string): string {
  const isOrigin = URL.canParse(text) && new URL(text).origin === text;
  if (!isOrigin)
    throw new InvalidArgumentError("Give scheme and host of a page, for example https://dapp.example");
  return text;
}
