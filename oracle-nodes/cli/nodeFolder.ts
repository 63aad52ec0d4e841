import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, readRoot } from "@concordat/protocol/artifacts/contentAddress";
import type { Digest, TaskId } from "@concordat/protocol/ids";
import { readRootOf } from "@concordat/store/artifactFile";
import { nameDeployment } from "@concordat/chain/contracts/nameDeployment";
import type { NodeConfig } from "@concordat/node/setup/nodeConfig";
import type { ChainReader } from "@concordat/chain/contracts/chainAccess";

/** Where a node keeps what it has of a task: its personalised models among it. May not exist yet. */
export async function taskFolder(
  { provider, book }: ChainReader,
  { dataDir }: Pick<NodeConfig, "dataDir">,
  taskId: number,
): Promise<string> {
  return join(dataDir, "tasks", await nameDeployment(provider, book), `task-${taskId as TaskId}`);
}

/** A personalised model that the node keeps. */
export interface KeptModel {
  readonly round: number;
  readonly file: string;
}

/** The node's newest personalised model in a task's folder, if there is one. */
export async function newestModel(folder: string): Promise<KeptModel | undefined> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const rounds = names
    .flatMap((name) => /^personalised-(\d+)\.safetensors$/.exec(name)?.[1] ?? [])
    .map(Number);
  if (rounds.length === 0) return undefined;
  const round = Math.max(...rounds);
  return { round, file: join(folder, `personalised-${round}.safetensors`) };
}

/**
 * The bytes of an artifact out of the folder of an embedded store, verified, whether its node runs or not: nothing is
 * changed there. Undefined where it is not held, or damaged.
 */
export async function readHeldArtifact(
  { dataDir }: Pick<NodeConfig, "dataDir">,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  for (const part of ["served", "withheld"]) {
    const folder = join(dataDir, "artifacts", part);
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.filter((held) => held.endsWith(`-${digest.slice(2)}`))) {
      const bytes = await readContent(join(folder, name), digest).catch(() => undefined);
      if (bytes !== undefined) return bytes;
    }
  }
  return undefined;
}

async function readContent(path: string, digest: Digest): Promise<Uint8Array | undefined> {
  const root = await readRootOf(path, digest);
  if (root === undefined) return undefined;
  const bytes = new Uint8Array(readRoot(root).size);
  const file = await open(path, "r");
  try {
    for (let end = 0; end < bytes.length;) {
      const { bytesRead } = await file.read(bytes, end, bytes.length - end, end);
      if (bytesRead === 0) return undefined;
      end += bytesRead;
    }
  } finally {
    await file.close();
  }
  return (await digestOf(bytes)) === digest ? bytes : undefined;
}
