import type { Command } from "commander";
import type { LifeCycleOptions } from "../actions/taskLifeCycle.ts";
import type { TaskListOptions } from "../actions/taskList.ts";
import type { JoinOptions } from "../actions/taskJoin.ts";
import type { LeaveOptions } from "../actions/taskLeave.ts";
import type { ClaimOptions, SettleOptions } from "../actions/taskMoney.ts";
import type { TaskModelOptions } from "../actions/taskModel.ts";
import type { TaskPublishOptions } from "../actions/taskPublish.ts";
import type { TaskShowOptions } from "../actions/taskShow.ts";
import { accountOptions, chainOptions } from "../chainOptions.ts";
import { examples } from "../examples.ts";
import { address, listOf, provider, wholeNumber } from "../parsers.ts";
import { publishOptions } from "../publish/publishOptions.ts";

/** `concordat task ...`: from publication to payment. Returns the group. */
export function addTaskCommands(program: Command): Command {
  const task = program.command("task").description("publish, join, follow and settle tasks; vote on members");
  addPublish(task);
  addList(task);
  addShow(task);
  addModel(task);
  addMembership(task);
  addLifeCycle(task);
  addMoney(task);
  return task;
}

function addPublish(task: Command): void {
  const publish = accountOptions(
    publishOptions(
      task
        .command("publish")
        .description("publish a task: make its files, escrow the rewards, fix its terms"),
    ),
  )
    .option(
      "--out <DIR>",
      "write manifest, initial model and a record of the publication here, for `artifact add` at a member",
    )
    .option(
      "--kubo <URL>",
      "put manifest and initial model into the Kubo node with this RPC address, which members name as provider",
    )
    .option(
      "--serve <HOST:PORT>",
      "serve manifest and initial model from here until Ctrl-C; members name it as provider",
    )
    .option("--announce <ADDRESS...>", "with --serve: the multiaddrs at which members reach it")
    .option("--dry-run", "run every check of a publication, print each check and the terms; send nothing")
    .option("--json", "print JSON")
    .action(async (options: TaskPublishOptions) => {
      const { runTaskPublish } = await import("../actions/taskPublish.ts");
      await runTaskPublish(options);
    });
  examples(publish, [
    [
      "concordat task publish --dataset mnist --rounds 20 --rpc URL --address-book FILE --keystore publisher.json --out task",
      "no stake, no reward; a member then runs: concordat artifact add task/* --config node.yaml",
    ],
    [
      "concordat task publish --dataset digits --reward 0.1 --reward-token 0x... --rule multiKrum --f 1 --min-nodes 8 ... --serve 0.0.0.0:8080 --announce /dns4/publisher.example/tcp/8080/http",
      "serves the files until the members have them",
    ],
  ]);
}

function addList(task: Command): void {
  const list = chainOptions(task.command("list").description("all tasks"))
    .option("--json", "print JSON")
    .action(async (options: TaskListOptions) => {
      const { runTaskList } = await import("../actions/taskList.ts");
      await runTaskList(options);
    });
  examples(list, [["concordat task list --config hospital-a/node.yaml", "needs no key"]]);
}

function addShow(task: Command): void {
  const show = chainOptions(
    task
      .command("show")
      .description("a task's terms, state, round, members, reputations and rewards")
      .argument("<task>", "its number", wholeNumber(1)),
  )
    .option("--json", "print JSON")
    .action(async (taskId: number, options: TaskShowOptions) => {
      const { runTaskShow } = await import("../actions/taskShow.ts");
      await runTaskShow(taskId, options);
    });
  examples(show, [
    ["concordat task show 1 --rpc http://127.0.0.1:8545 --address-book addresses.json", "needs no key"],
  ]);
}

function addModel(task: Command): void {
  const model = task
    .command("model")
    .description("copy the node's personalised model of a task, or the global one, to a safetensors file")
    .argument("<task>", "its number", wholeNumber(1))
    .requiredOption("--config <FILE>", "the node's configuration")
    .requiredOption("--out <FILE>", "file to write; nothing is overwritten")
    .option("--global", "the global model of the last finalised round instead of the personalised one")
    .option("--json", "print JSON")
    .action(async (taskId: number, options: TaskModelOptions) => {
      const { runTaskModel } = await import("../actions/taskModel.ts");
      await runTaskModel(taskId, options);
    });
  examples(model, [
    [
      "concordat task model 1 --config hospital-a/node.yaml --out model.safetensors",
      "the model that suits this node's data best; whether the node is running or not",
    ],
    [
      "concordat task model 1 --global --config hospital-a/node.yaml --out global.safetensors",
      "the global model",
    ],
  ]);
}

function addMembership(task: Command): void {
  const join = accountOptions(
    task
      .command("join")
      .description("join with the caller's node (its operator's account); joining is consent to the terms")
      .argument("<task>", "its number", wholeNumber(1)),
  )
    .option(
      "--trust <ADDRESS>",
      "confirm an account that the terms give power to and the address book does not vouch for; may be repeated",
      listOf(address),
    )
    .option(
      "--provider <ENDPOINTS>",
      "who serves the task's files: they are put into the node's store, whether it is running or not; may be repeated",
      listOf(provider),
    )
    .option("--skip-data-check", "join even though the node's data is elsewhere and cannot be checked here")
    .option("--json", "print JSON")
    .action(async (taskId: number, options: JoinOptions) => {
      const { runJoin } = await import("../actions/taskJoin.ts");
      await runJoin(taskId, options);
    });
  examples(join, [
    [
      "concordat task join 1 --config hospital-a/node.yaml",
      "checks the node's data against the task first; takes part at once, or from the next round",
    ],
    [
      "concordat task join 1 --config hospital-a/node.yaml --trust 0x... --provider /dns4/publisher.example/tcp/8080/http",
      "with an arbiter whom you know, and files that the publisher serves",
    ],
  ]);
  const leave = accountOptions(
    task
      .command("leave")
      .description("leave with the caller's node (its operator's account)")
      .argument("<task>", "its number", wholeNumber(1)),
  )
    .option("--json", "print JSON")
    .action(async (taskId: number, options: LeaveOptions) => {
      const { runLeave } = await import("../actions/taskLeave.ts");
      await runLeave(taskId, options);
    });
  examples(leave, [["concordat task leave 1 --config hospital-a/node.yaml", "what was earned is kept"]]);
}

function addLifeCycle(task: Command): void {
  for (const [name, purpose, effect] of [
    [
      "start",
      "start a task that has enough members (any account; nodes do it by themselves)",
      "opens round 1",
    ],
    ["advance", "move a phase whose time is over (any account; nodes do it by themselves)", "one transition"],
    [
      "cancel",
      "end a task that has not started and refund it (the publisher; anyone after its time limit)",
      "refunds the escrow",
    ],
    [
      "refund",
      "pay the publisher what no member can earn any more (any account, after the end)",
      "may be repeated as members settle",
    ],
  ] as const) {
    const command = accountOptions(
      task.command(name).description(purpose).argument("<task>", "its number", wholeNumber(1)),
    )
      .option("--json", "print JSON")
      .action(async (taskId: number, options: LifeCycleOptions) => {
        const { runLifeCycle } = await import("../actions/taskLifeCycle.ts");
        await runLifeCycle(name, taskId, options);
      });
    examples(command, [
      [`concordat task ${name} 1 --rpc URL --address-book FILE --keystore publisher.json`, effect],
    ]);
  }
}

function addMoney(task: Command): void {
  const claim = accountOptions(
    task
      .command("claim")
      .description("settle the caller's node and pay out what it earned (its operator's account)")
      .argument("<task>", "its number", wholeNumber(1))
      .option("--to <ADDRESS>", "who receives it; by default the operator", address),
  )
    .option("--json", "print JSON")
    .action(async (taskId: number, options: ClaimOptions) => {
      const { runClaim } = await import("../actions/taskMoney.ts");
      await runClaim(taskId, options);
    });
  examples(claim, [["concordat task claim 1 --config hospital-a/node.yaml", "during the task or after it"]]);
  const settle = accountOptions(
    task
      .command("settle")
      .description("replay a member's finalised rounds into its account (any account)")
      .argument("<task>", "its number", wholeNumber(1))
      .requiredOption("--node <N>", "the member's node", wholeNumber(1))
      .option("--max-rounds <N>", "most rounds to replay", wholeNumber(1), 512),
  )
    .option("--json", "print JSON")
    .action(async (taskId: number, options: SettleOptions) => {
      const { runSettle } = await import("../actions/taskMoney.ts");
      await runSettle(taskId, options);
    });
  examples(settle, [
    ["concordat task settle 1 --node 3 --config hospital-a/node.yaml", "releases the rest of the escrow"],
  ]);
}
