import { join } from "node:path";
import { ConcordatError } from "@concordat/protocol/errors";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { createHeliaStore } from "@concordat/store/helia/heliaStore";
import type { NodeStatus } from "@concordat/node/status/nodeStatus";
import { ExitCode } from "@concordat/console/exitCode";
import { orInterrupted } from "@concordat/console/interruption";
import { print } from "@concordat/console/output";
import { trainBaselines } from "./baselines.ts";
import type { BaselineModels } from "./baselines.ts";
import { ChildProcesses } from "./childProcesses.ts";
import type { Cleanup } from "./cleanup.ts";
import { serveDapp } from "./dappServer.ts";
import type { DemoOptions } from "./demoOptions.ts";
import { DemoTask } from "./demoTask.ts";
import { startEmbeddedChain } from "./embeddedChain.ts";
import { PASSWORD, foundFederation } from "./federation.ts";
import type { Federation } from "./federation.ts";
import { Observer } from "./observer.ts";
import type { DemoPlan } from "./prepare.ts";
import { printReport } from "./report.ts";
import type { DemoReport } from "./report.ts";
import type { RoundRecord } from "./roundHistory.ts";
import { scoreModels } from "./scoreModels.ts";
import { selfAudit } from "./selfAudit.ts";
import { DemoDisplay } from "./demoDisplay.ts";
import { startNodes } from "./startNodes.ts";
import { makeWorkspace } from "./workspace.ts";
import type { Workspace } from "./workspace.ts";
import { writeResults } from "./writeResults.ts";

/** What is up once the federation stands. */
interface Running {
  readonly rpcUrl: string;
  readonly dappUrl: string;
  readonly workspace: Workspace;
  /** The publisher's. */
  readonly store: ArtifactStore;
  readonly federation: Federation;
  readonly observer: Observer;
  readonly processes: ChildProcesses;
  readonly task: DemoTask;
}

/**
 * From an empty chain to an audit. What takes up something to be undone is awaited to its end, so that it can be undone; all else is left at an
 * interruption, or when a process fails.
 */
export async function demonstrate(
  options: DemoOptions,
  plan: DemoPlan,
  signal: AbortSignal,
  cleanup: Cleanup,
  command: string,
): Promise<void> {
  const workspace = await makeWorkspace(options.dir);
  cleanup.add(() => workspace.remove());
  if (options.dir !== undefined) workspace.keep();
  const display = new DemoDisplay(plan.setting, options.rounds, signal);
  cleanup.add(() => display.close());

  const running = await startFederation(options, plan, workspace, display, cleanup, command);
  const { observer, processes, task, federation, store, rpcUrl } = running;
  const orStopped = async <T>(work: Promise<T>): Promise<T> =>
    orInterrupted(Promise.race([work, processes.failure, observer.failure]), signal);

  display.step("Publishing the task; the nodes join");
  observer.follow(await orStopped(task.publish()));
  const baselines = startBaselines(options, plan, running, display);
  await orStopped(task.join());
  await orStopped(observer.until(({ history }) => history?.endReason !== undefined));
  const rounds = finishedRounds(observer);

  display.step("Settling and claiming the rewards");
  const accounts = await orStopped(task.claim());
  await orStopped(observer.settled());
  display.step("Waiting for the baselines");
  const models = await orStopped(baselines);
  display.step("Scoring the models on the test data");
  const providers = [...observer.endpoints.values()];
  const dirs = federation.nodes.map(({ dir }) => dir);
  const results = await orStopped(scoreModels({ plan, store, providers, rounds, models, dirs, signal }));
  display.step("Auditing from events and artifacts");
  const audit = await orStopped(selfAudit(rpcUrl, federation.book, store, signal));
  display.close();

  const report: DemoReport = {
    setting: plan.setting,
    rounds,
    results,
    gas: observer.gas.byAction(),
    accounts,
    tokenSymbol: "DEV",
    audit,
    fedAvgOrigin:
      models.fedAvg === undefined
        ? "the federation's global model, which FedAvg made"
        : "a global model trained by FedAvg beside the federation",
  };
  printReport(report);
  print(`\nTook ${display.seconds()} s.`);
  if (options.json !== undefined) await writeResults(options.json, options, report, plan.partition.digest);
  if (audit.disagreements > 0) process.exitCode = ExitCode.Failure;
  if (options.keep) await keepRunning(running, signal);
}

/** Chain, publisher's store, contracts, nodes: up, staked and announced. */
async function startFederation(
  options: DemoOptions,
  { files, shares }: DemoPlan,
  workspace: Workspace,
  display: DemoDisplay,
  cleanup: Cleanup,
  command: string,
): Promise<Running> {
  display.step("Starting an embedded chain");
  const chain = await startEmbeddedChain();
  cleanup.add(() => chain.close());
  const store = await createHeliaStore({ dir: join(workspace.dir, "publisher") });
  cleanup.add(() => store.close());
  await store.put(files.manifestFile.bytes);
  await store.put(files.initialModel.bytes);

  display.step(`Deploying the contracts and founding a federation of ${options.nodes} nodes`);
  const federation = await orInterrupted(
    foundFederation(chain, workspace.dir, options, shares, [store.endpoints()]),
    display.signal,
  );
  cleanup.add(() => federation.provider.destroy());
  const dapp = await serveDapp(chain.rpcUrl, federation.book);
  cleanup.add(() => dapp.close());
  const observer = new Observer(federation, (line) => display.event(line));
  cleanup.add(async () => observer.stop());
  display.show(observer);
  const task = new DemoTask(federation, options, files);
  const processes = new ChildProcesses(command);
  cleanup.add(async () => processes.stop());

  display.event(`the dApp shows it live: ${dapp.url}`);

  display.step("Starting the oracle nodes");
  await orInterrupted(task.stake(), display.signal);
  await startNodes({
    nodes: federation.nodes,
    start: (node) => {
      void processes.start({
        name: `node ${node.id}`,
        args: ["node", "run", "--config", node.config],
        logFile: join(node.dir, "node.log"),
        env: { CONCORDAT_PASSWORD: PASSWORD },
        onMessage: (message) => display.statuses.set(node.id, message as NodeStatus),
      });
    },
    untilUp: async (count) => {
      const up = observer.until((seen) => seen.endpoints.size >= count);
      await orInterrupted(Promise.race([up, processes.failure, observer.failure]), display.signal);
    },
  });
  return { rpcUrl: chain.rpcUrl, dappUrl: dapp.url, workspace, store, federation, observer, processes, task };
}

async function startBaselines(
  options: DemoOptions,
  { files, shares }: DemoPlan,
  { processes, workspace, federation }: Running,
  display: DemoDisplay,
): Promise<BaselineModels> {
  const baselines = trainBaselines(processes, {
    dir: workspace.dir,
    files,
    ...(options.data !== undefined && { data: options.data }),
    partition: shares,
    rounds: options.rounds,
    members: federation.nodes.map(({ id }) => id),
    federationIsFedAvg: options.trainingBase === "global" && options.aggregationRule === "fedavg",
    onProgress: (done, total) => {
      display.baseline = { done, total };
    },
  });
  baselines.catch(() => undefined);
  return baselines;
}

/** @throws {ConcordatError} when the task ended before its rounds were done. */
function finishedRounds({ history }: Observer): RoundRecord[] {
  if (history?.state !== "Completed") {
    throw new ConcordatError(`The task ended before its rounds were done: ${history?.endReason}`, {
      hint: "Run again with --dir DIR and read the nodes' logs there",
    });
  }
  return history.rounds.filter(({ alphaBps }) => alphaBps !== undefined);
}

/** Says how to look around, and waits for Ctrl-C. */
async function keepRunning(
  { rpcUrl, dappUrl, federation, workspace }: Running,
  signal: AbortSignal,
): Promise<void> {
  const { bookFile } = federation;
  workspace.keep();
  print(`
Everything keeps running until Ctrl-C; the folder stays.
  dApp          ${dappUrl}
  endpoint      ${rpcUrl}
  address book  ${bookFile}
  nodes         ${join(workspace.dir, "node-1")} and so on, password "${PASSWORD}"
Try
  npx concordat audit --rpc ${rpcUrl} --address-book ${bookFile} --artifacts
  npx concordat task show 1 --rpc ${rpcUrl} --address-book ${bookFile}
  npx concordat node status --config ${join(workspace.dir, "node-1", "node.yaml")}`);
  await orInterrupted(new Promise<never>(() => undefined), signal);
}
