import type { Command } from "commander";
import { Option } from "commander";
import type { NodeAnnounceOptions } from "../actions/nodeAnnounce.ts";
import type { NodeApplyOptions } from "../actions/nodeApply.ts";
import type { NodeInitCommandOptions } from "../actions/nodeInit.ts";
import type { NodeListOptions } from "../actions/nodeList.ts";
import type { NodeRunOptions } from "../actions/nodeRun.ts";
import type { NodeStatusOptions } from "../actions/nodeStatus.ts";
import { examples } from "../examples.ts";
import { accountOptions, chainOptions } from "../chainOptions.ts";
import { listOf, provider, rpcUrl, wholeNumber } from "../parsers.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;

/** `concordat node ...`: what an operator does with a node. Returns the group. */
export function addNodeCommands(program: Command): Command {
  const node = program.command("node").description("set up, run and watch an oracle node");
  addInit(node);
  addRun(node);
  addStatus(node);
  addApply(node);
  addAnnounce(node);
  addList(node);
  return node;
}

function addInit(node: Command): void {
  const init = node
    .command("init")
    .description("make a node's folder: encrypted keystores and a configuration that explains itself")
    .argument("<dir>", "folder to make; must not hold anything yet")
    .requiredOption("--rpc <URL>", "endpoint of the chain", rpcUrl)
    .requiredOption("--address-book <FILE>", "the file that the deployment wrote")
    .option("--data <DIR>", "folder with the dataset's files; the built-in digits needs none")
    .option("--nodes <N>", "nodes that share the dataset", wholeNumber(1, 1024), 5)
    .option("--index <I>", "which share is this node's, from 0", wholeNumber(0, 1023), 0)
    .option("--seed <S>", "seed of the partition, the same on all nodes", wholeNumber(0, 0xffff_ffff), 1)
    .option(
      "--listen <HOST:PORT>",
      "where libp2p listens; 0.0.0.0 is every address of this machine, and then --announce says which others use",
      "127.0.0.1:0",
    )
    .option("--gateway <HOST:PORT>", "where the HTTP gateway listens, likewise", "127.0.0.1:0")
    .option(
      "--announce <ADDRESS...>",
      "addresses to publish instead of those listened on: multiaddrs at which others reach this node, the HTTP " +
        "gateway's among them, for example /dns4/node.example/tcp/8080/http",
    )
    .option(
      "--provider <ENDPOINTS...>",
      "further stores to fetch from, for instance a publisher's",
      listOf(provider),
    )
    .option("--confirmations <N>", "blocks on top of what the node acts on", wholeNumber(0, 1000), 2)
    .option("--password-file <FILE>", "file with the new password (or CONCORDAT_PASSWORD, or a prompt)")
    .option("--json", "print the result as JSON")
    .action(async (dir: string, options: NodeInitCommandOptions) => {
      const { runNodeInit } = await import("../actions/nodeInit.ts");
      await runNodeInit(dir, options);
    });
  examples(init, [
    [
      "concordat node init hospital-a --rpc https://chain.example --address-book addresses.json",
      "asks for a password twice and makes the folder hospital-a",
    ],
    [
      "concordat node init hospital-b --rpc https://chain.example --address-book addresses.json --gateway 0.0.0.0:8080 --listen 0.0.0.0:4001 --announce /dns4/b.example/tcp/8080/http",
      "a node that others reach at b.example; behind a proxy with TLS: /dns4/b.example/tcp/443/https",
    ],
    [
      "concordat node init n2 --rpc http://127.0.0.1:8545 --address-book addresses.json --data ~/data --nodes 10 --index 2",
      "the third of ten nodes that share the dataset in ~/data",
    ],
  ]);
}

function addRun(node: Command): void {
  const run = node
    .command("run")
    .description(
      "run a node until Ctrl-C: train, verify, aggregate and negotiate for every task that it has joined",
    )
    .requiredOption("--config <FILE>", "the node's configuration")
    .option(
      "--password-file <FILE>",
      "file with the keystore's password (or CONCORDAT_PASSWORD, or a prompt)",
    )
    .addOption(new Option("--log-level <LEVEL>", "lowest level to log").choices(LOG_LEVELS).default("info"))
    .option("--json", "log JSON lines")
    .action(async (options: NodeRunOptions) => {
      const { runNodeRun } = await import("../actions/nodeRun.ts");
      await runNodeRun(options);
    });
  examples(run, [
    ["concordat node run --config hospital-a/node.yaml", "runs in the foreground and asks for the password"],
    [
      "CONCORDAT_PASSWORD=... concordat node run --config hospital-a/node.yaml --json >> node.log",
      "under a service manager; SIGTERM stops it cleanly",
    ],
  ]);
}

function addStatus(node: Command): void {
  const status = node
    .command("status")
    .description("what a node is doing, what the chain says about it, and whether its accounts can pay")
    .requiredOption("--config <FILE>", "the node's configuration")
    .option("--json", "print JSON")
    .action(async (options: NodeStatusOptions) => {
      const { runNodeStatus } = await import("../actions/nodeStatus.ts");
      await runNodeStatus(options);
    });
  examples(status, [["concordat node status --config hospital-a/node.yaml", "needs no password"]]);
}

function addApply(node: Command): void {
  const apply = accountOptions(
    node
      .command("apply")
      .description("ask the members for admission to the registry (the operator's account)")
      .option(
        "--signer <ADDRESS>",
        "account that signs the node's results; with --config: that of its signer.json",
      )
      .option(
        "--endpoints <TEXT>",
        "where the node serves artifacts; with --config: what the running node says",
      ),
  )
    .option("--json", "print JSON")
    .action(async (options: NodeApplyOptions) => {
      const { runNodeApply } = await import("../actions/nodeApply.ts");
      await runNodeApply(options);
    });
  examples(apply, [
    [
      "concordat node apply --config hospital-a/node.yaml",
      "prints the proposal on which members vote with: concordat task vote N --approve",
    ],
  ]);
}

function addAnnounce(node: Command): void {
  const announce = accountOptions(
    node
      .command("announce")
      .description("publish where the node serves artifacts (the operator's account)")
      .option(
        "--endpoints <TEXT>",
        "multiaddrs separated by spaces; with --config: what the running node says",
      ),
  ).action(async (options: NodeAnnounceOptions) => {
    const { runNodeAnnounce } = await import("../actions/nodeAnnounce.ts");
    await runNodeAnnounce(options);
  });
  examples(announce, [
    [
      "concordat node announce --config hospital-a/node.yaml",
      "after the node's first start, or when it has moved",
    ],
  ]);
}

function addList(node: Command): void {
  const list = chainOptions(node.command("list").description("all nodes of the registry"))
    .option("--json", "print JSON")
    .action(async (options: NodeListOptions) => {
      const { runNodeList } = await import("../actions/nodeList.ts");
      await runNodeList(options);
    });
  examples(list, [
    ["concordat node list --rpc http://127.0.0.1:8545 --address-book addresses.json", "needs no key"],
  ]);
}
