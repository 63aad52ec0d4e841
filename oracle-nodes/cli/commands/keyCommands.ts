import type { Command } from "commander";
import type { KeyCreateOptions } from "../actions/keyCreate.ts";
import { examples } from "../examples.ts";

/** `concordat key ...`: accounts that are not a node's, for instance a publisher's. */
export function addKeyCommands(program: Command): void {
  const key = program.command("key").description("encrypted keystores for accounts");
  const create = key
    .command("create")
    .description("make a new account in an encrypted keystore")
    .argument("<file>", "the keystore to make; must not exist yet")
    .option("--password-file <FILE>", "file with the new password (or CONCORDAT_PASSWORD, or a prompt)")
    .option("--json", "print JSON")
    .action(async (file: string, options: KeyCreateOptions) => {
      const { runKeyCreate } = await import("../actions/keyCreate.ts");
      await runKeyCreate(file, options);
    });
  examples(create, [
    ["concordat key create publisher.json", "prints the account's address; send it some gas money"],
  ]);
}
