import type { Command } from "commander";
import { duration, rpcUrl } from "./parsers.ts";

/** How a command finds the chain. */
export interface ChainOptions {
  readonly rpc?: readonly string[];
  readonly addressBook?: string;
  readonly config?: string;
}

/** How a command finds the account that pays and signs. */
export interface AccountOptions extends ChainOptions {
  readonly keystore?: string;
  readonly passwordFile?: string;
  /** Seconds to wait for news of a transaction. */
  readonly wait?: number;
}

/** Adds the options by which a command finds the chain. */
export function chainOptions(command: Command): Command {
  return command
    .option("--rpc <URL>", "endpoint of the chain, or several separated by commas (or CONCORDAT_RPC)", rpcUrl)
    .option("--address-book <FILE>", "the file that the deployment wrote (or CONCORDAT_ADDRESS_BOOK)")
    .option("--config <FILE>", "a node's configuration, instead of the two above");
}

/** Adds the options by which a command finds the chain and an account. */
export function accountOptions(command: Command): Command {
  return chainOptions(command)
    .option("--keystore <FILE>", "the account that pays and signs; with --config: operator.json next to it")
    .option(
      "--password-file <FILE>",
      "file with the keystore's password (or CONCORDAT_PASSWORD, or a prompt)",
    )
    .option("--wait <TIME>", "how long to wait for a transaction that no endpoint reports on", duration, 60);
}
