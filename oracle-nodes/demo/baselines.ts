import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { INITIAL_MODEL, decodeArtifact } from "@concordat/protocol/artifacts/artifact";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { ModelTensors } from "@concordat/protocol/artifacts/tensors";
import type { PartitionSpec } from "@concordat/learning/partition/scheme";
import type { TaskFiles } from "@concordat/learning/tasks/taskFiles";
import type { ChildProcesses } from "./childProcesses.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("#baselineProcess"));
const MAX_PROCESSES = 2;

/** A node of a baseline. */
export interface BaselineNode {
  /** Its place in the partition. */
  readonly index: number;
  /** Its member id in the federation: it seeds the shuffles. */
  readonly member: number;
  /** Where its model is written. */
  readonly output: string;
}

/** What one process is asked to train. */
export interface BaselineSpec {
  readonly manifest: TaskManifest;
  readonly data?: string;
  readonly partition: PartitionSpec;
  readonly initialModel: string;
  readonly rounds: number;
  readonly local: readonly BaselineNode[];
  readonly fedAvg?: { readonly nodes: readonly Omit<BaselineNode, "output">[]; readonly output: string };
}

export interface BaselineOptions {
  /** Folder of the demonstration. */
  readonly dir: string;
  readonly files: TaskFiles;
  readonly data?: string;
  readonly partition: PartitionSpec;
  readonly rounds: number;
  /** Member id of each node by its place in the partition. */
  readonly members: readonly number[];
  /** Whether the federation's own global models are FedAvg's: base `global`, rule `fedavg`. */
  readonly federationIsFedAvg: boolean;
  readonly onProgress: (done: number, total: number) => void;
}

/** Models after the last round, by place in the partition. */
export interface BaselineModels {
  readonly local: readonly ModelTensors[];
  /** Undefined where the federation's own global model is FedAvg's. */
  readonly fedAvg: ModelTensors | undefined;
}

/**
 * Trains the baselines beside the federation, in processes that give way to every other. Local: each node alone, for as
 * many rounds, from the same initial model, with the same shuffles. FedAvg: only where the federation is not FedAvg.
 */
export async function trainBaselines(
  processes: ChildProcesses,
  options: BaselineOptions,
): Promise<BaselineModels> {
  const dir = join(options.dir, "baselines");
  await mkdir(dir);
  const initialModel = join(dir, "initial.safetensors");
  await writeFile(initialModel, options.files.initialModel.bytes);
  const nodes = options.members.map((member, index) => ({
    index,
    member,
    output: join(dir, `local-${index + 1}.safetensors`),
  }));
  const fedAvg = { nodes, output: join(dir, "fedavg.safetensors") };
  const jobs = divide(nodes, options.federationIsFedAvg ? undefined : fedAvg);
  const total = options.rounds * nodes.length * (options.federationIsFedAvg ? 1 : 2);
  let done = 0;
  await Promise.all(
    jobs.map(async (job, i) => {
      const spec: BaselineSpec = {
        manifest: options.files.manifest,
        ...(options.data !== undefined && { data: options.data }),
        partition: options.partition,
        initialModel,
        rounds: options.rounds,
        ...job,
      };
      const file = join(dir, `job-${i + 1}.json`);
      await writeFile(file, JSON.stringify(spec));
      await processes.start({
        name: `baseline ${i + 1}`,
        program: PROGRAM,
        args: [file],
        logFile: join(dir, `job-${i + 1}.log`),
        lowPriority: true,
        onMessage: () => options.onProgress(++done, total),
      });
    }),
  );
  const read = async (file: string): Promise<ModelTensors> => {
    const bytes = new Uint8Array(await readFile(file));
    return decodeArtifact(bytes, { specs: options.files.manifest.model.tensors, ...INITIAL_MODEL }).tensors;
  };
  return {
    local: await Promise.all(nodes.map(async ({ output }) => read(output))),
    fedAvg: options.federationIsFedAvg ? undefined : await read(fedAvg.output),
  };
}

/** FedAvg, which goes round by round, has a process of its own; Local is shared out among the cores. */
function divide(
  nodes: readonly BaselineNode[],
  fedAvg: BaselineSpec["fedAvg"],
): Pick<BaselineSpec, "local" | "fedAvg">[] {
  const count = fedAvg === undefined ? Math.min(MAX_PROCESSES, availableParallelism(), nodes.length) : 1;
  const jobs: Pick<BaselineSpec, "local" | "fedAvg">[] = Array.from({ length: count }, (_, job) => ({
    local: nodes.filter((_node, i) => i % count === job),
  }));
  if (fedAvg !== undefined) jobs.push({ local: [], fedAvg });
  return jobs;
}
