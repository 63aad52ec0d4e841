import type { Command } from "commander";
import type { AuditCommandOptions } from "../actions/audit.ts";
import { examples } from "../examples.ts";
import { rpcUrl, wholeNumber } from "../parsers.ts";

/** `concordat audit`. */
export function addAuditCommand(program: Command): void {
  const audit = program
    .command("audit")
    .description("replay all events and recompute every decision; needs no key and trusts no node")
    .requiredOption("--rpc <URL>", "endpoint of the chain; several are compared with each other", rpcUrl)
    .requiredOption("--address-book <FILE>", "the file that the deployment wrote")
    .option("--task <N>", "only this task", wholeNumber(1))
    .option("--artifacts", "fetch each round's updates and recompute each global model bit for bit")
    .option(
      "--allow-missing",
      "exit with code 0 even if something could not be recomputed because artifacts or states are missing",
    )
    .option("--json", "print the whole report as JSON")
    .option("--csv <FILE>", "write every check as a row")
    .action(async (options: AuditCommandOptions) => {
      const { runAudit } = await import("../actions/audit.ts");
      await runAudit(options);
    });
  examples(audit, [
    [
      "concordat audit --rpc http://127.0.0.1:8545 --address-book addresses.json",
      "every decision from events alone",
    ],
    [
      "concordat audit --rpc https://chain.example --address-book addresses.json --task 1 --artifacts --csv checks.csv",
      "one task with its models; exit code 1 names the first disagreement, 3 who serves no artifacts",
    ],
    [
      "concordat audit --rpc https://chain.example --rpc https://other.example --address-book addresses.json",
      "through two endpoints, which must give the same blocks and logs",
    ],
  ]);
}
