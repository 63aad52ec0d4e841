import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ConcordatError, InputError } from "../../../../protocol/errors.ts";
import type { Bps } from "../../../../protocol/ids.ts";
import { createHeliaStore } from "../../artifacts/heliaStore.ts";
import type { NodeStatus } from "../../node/nodeStatus.ts";
import { loadDataset } from "../../learning/dataset.ts";
import { loadTask } from "../../learning/loadTask.ts";
import { partition } from "../../learning/partition.ts";
import { ExitCode } from "../exitCode.ts";
import { orInterrupted, untilInterrupted } from "../interruption.ts";
import { print, toJson } from "../output.ts";
import { buildTask } from "../publish/buildTask.ts";
import { trainBaselines } from "./baselines.ts";
import { ChildProcesses } from "./childProcesses.ts";
import type { DemoOptions } from "./demoOptions.ts";
import { CLASSES_PER_NODE, VALIDATION_PER_CLASS, checkRule } from "./demoTerms.ts";
import { DemoTask } from "./demoTask.ts";
import { startEmbeddedChain } from "./embeddedChain.ts";
import { compareSchemes, fetchModel } from "./evaluate.ts";
import { PASSWORD, foundFederation } from "./federation.ts";
import { openLiveView } from "./liveView.ts";
import { Observer } from "./observer.ts";
import { printReport } from "./report.ts";
import type { DemoReport } from "./report.ts";
import { selfAudit } from "./selfAudit.ts";
import { makeWorkspace } from "./workspace.ts";

/** `concordat demo`: from an empty chain to an audit, and nothing left behind. */
export async function runDemo(given: DemoOptions): Promise<void> {
  const options: DemoOptions = given.data === undefined ? given : { ...given, data: resolve(given.data) };
  const signal = untilInterrupted();
  const closing: (() => unknown)[] = [];
  try {
    await orInterrupted(demonstrate(options, signal, closing), signal);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

async function demonstrate(
  options: DemoOptions,
  signal: AbortSignal,
  closing: (() => unknown)[],
): Promise<void> {
  const started = performance.now();
  // Everything that a person gave is checked before anything is made.
  const dataset = await loadDataset(options.dataset, options.data);
  const files = await buildTask({
    name: `Demonstration: ${options.dataset}`,
    description: "A non-IID federation on one machine",
    dataset: options.dataset,
    seed: options.seed,
    ...(options.model !== undefined && { model: options.model }),
    ...(options.epochs !== undefined && { localEpochs: options.epochs }),
    ...(options.batch !== undefined && { batchSize: options.batch }),
    ...(options.lr !== undefined && { learningRate: options.lr }),
    ...(options.momentum !== undefined && { momentum: options.momentum }),
  });
  const { manifest } = files;
  const shares = {
    nodes: options.nodes,
    seed: options.seed,
    classesPerNode: CLASSES_PER_NODE,
    trainPerClass: options.trainPerClass,
    validationPerClass: VALIDATION_PER_CLASS,
  };
  const split = partition({ dataset, ...shares });
  const learning = await loadTask(manifest, { dataset });
  checkRule(options);

  const workspace = await makeWorkspace(options.dir);
  closing.push(() => workspace.remove());
  const statuses = new Map<number, NodeStatus>();
  const baseline = { done: 0, total: 0 };
  const setting = `${options.dataset}, ${manifest.model.tensors.length / 2} layers, ${options.nodes} nodes, ${options.rounds} rounds, seed ${options.seed}`;
  const state = { step: "Starting the chain" };
  let observer: Observer | undefined;
  const view = openLiveView(() => ({
    title: `Concordat  ${setting}`,
    totalRounds: options.rounds,
    statuses,
    baseline,
    step: state.step,
    history: observer?.history,
    committee: observer?.committee ?? [],
    blockNumber: observer?.blockNumber ?? 0,
    gas: observer?.gas.total ?? 0n,
    now: observer?.now() ?? 0,
  }));
  let viewIsOpen = true;
  const closeView = (): void => {
    if (viewIsOpen) view.close();
    viewIsOpen = false;
  };
  closing.push(closeView);
  const step = (text: string): void => {
    state.step = text;
    view.event(text);
  };

  step("Starting an embedded chain");
  const chain = await startEmbeddedChain();
  closing.push(() => chain.close());
  const store = await createHeliaStore({ dir: join(workspace.dir, "publisher") });
  closing.push(() => store.close());
  await store.put(files.manifestFile.bytes);
  await store.put(files.initialModel.bytes);

  step(`Deploying the contracts and founding a federation of ${options.nodes} nodes`);
  const federation = await foundFederation(chain, workspace.dir, options, store.endpoints());
  closing.push(() => federation.provider.destroy());
  observer = new Observer(federation, (line) => view.event(line));
  closing.push(() => observer?.stop());
  const task = new DemoTask(federation, options, files);
  const processes = new ChildProcesses();
  closing.push(() => processes.stop());
  // From here on a process that fails ends the demonstration.
  const orFailed = async <T>(work: Promise<T>): Promise<T> =>
    Promise.race([work, processes.failure, observer?.failure ?? processes.failure]);

  step("Starting the oracle nodes");
  await task.stake();
  for (const node of federation.nodes) {
    void processes.start({
      name: `node ${node.id}`,
      args: ["node", "run", "--config", node.config],
      logFile: join(node.dir, "node.log"),
      env: { CONCORDAT_PASSWORD: PASSWORD },
      onMessage: (message) => statuses.set(node.id, message as NodeStatus),
    });
  }
  await orFailed(observer.until((seen) => seen.announced.size === options.nodes));

  step("Publishing the task; the nodes join");
  observer.follow(await task.publish());
  baseline.total = options.nodes * options.rounds;
  const baselines = trainBaselines(processes, {
    dir: workspace.dir,
    files,
    ...(options.data !== undefined && { data: options.data }),
    partition: shares,
    rounds: options.rounds,
    members: federation.nodes.map(({ id }) => id),
    federationIsFedAvg: options.base === "global" && options.rule === "fedavg",
    onProgress: (done, total) => {
      baseline.done = done;
      baseline.total = total;
    },
  });
  baselines.catch(() => undefined);
  await orFailed(task.join());
  await orFailed(observer.until(({ history }) => history?.endReason !== undefined));
  const rounds = observer.history?.rounds.filter(({ alphaBps }) => alphaBps !== undefined) ?? [];
  const last = rounds.at(-1);
  if (last?.aggregate === undefined || observer.history?.state !== "Completed") {
    throw new ConcordatError(`The task ended without its rounds: ${observer.history?.endReason}`, {
      hint: "Run again with --dir DIR and read the nodes' logs there",
    });
  }

  step("Settling and claiming the rewards");
  const accounts = await orFailed(task.claim());
  await orFailed(observer.settled());
  step("Waiting for the baselines");
  const models = await orFailed(baselines);

  step("Scoring the models on the test data");
  const providers = [...observer.endpoints.values()];
  const global = await fetchModel(store, files, last.aggregate, providers, signal);
  const updates = await Promise.all(
    federation.nodes.map(async ({ id }) => {
      const digest = last.updates.get(id);
      return digest === undefined ? undefined : fetchModel(store, files, digest, providers, signal);
    }),
  );
  const alphaBps = last.alphaBps as Bps;
  const compared = { updates, global, alphaBps, local: models.local, fedAvg: models.fedAvg ?? global };
  const results = await compareSchemes(learning, split.nodes, compared, signal);
  learning.model.dispose();

  step("Auditing from events and artifacts");
  const audit = await selfAudit(chain.rpcUrl, federation.book, store, signal);
  state.step = `Done in ${((performance.now() - started) / 1000).toFixed(0)} s`;
  closeView();

  const report: DemoReport = {
    setting,
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
  if (options.json !== undefined) await writeResults(options.json, options, report, split.digest);
  if (audit.disagreements > 0) process.exitCode = ExitCode.Failure;
  if (options.dir !== undefined || options.keep) workspace.keep();
  if (options.keep) await keepRunning(chain.rpcUrl, federation.bookFile, workspace.dir, signal);
}

async function writeResults(
  file: string,
  options: DemoOptions,
  report: DemoReport,
  partitionDigest: string,
): Promise<void> {
  const value = {
    format: "concordat/demo/1",
    node: process.version,
    options,
    partition: partitionDigest,
    ...report,
    rounds: report.rounds.map(({ posted, reported, updates, ...round }) => ({
      ...round,
      posted: [...posted],
      reported: [...reported],
      updates: Object.fromEntries(updates),
    })),
  };
  try {
    await writeFile(file, `${toJson(value, 2)}\n`);
  } catch (cause) {
    throw new InputError(`The results cannot be written to ${file}`, {
      hint: "Choose another with --json",
      cause,
    });
  }
}

/** Says how to look around, and waits for Ctrl-C. */
async function keepRunning(
  rpcUrl: string,
  bookFile: string,
  dir: string,
  signal: AbortSignal,
): Promise<void> {
  print(`
Everything keeps running until Ctrl-C; the folder stays.
  endpoint      ${rpcUrl}
  address book  ${bookFile}
  nodes         ${join(dir, "node-1")} and on, password "${PASSWORD}"
Try
  npx concordat audit --rpc ${rpcUrl} --address-book ${bookFile} --artifacts
  npx concordat task show 1 --rpc ${rpcUrl} --address-book ${bookFile}
  npx concordat node status --config ${join(dir, "node-1", "node.yaml")}`);
  await new Promise<never>((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error)),
  );
}
