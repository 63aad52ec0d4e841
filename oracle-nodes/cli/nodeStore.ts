import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConcordatError, InputError } from "@concordat/protocol/errors";
import { digestOf } from "@concordat/protocol/artifacts/contentAddress";
import type { Digest } from "@concordat/protocol/ids";
import type { ArtifactStore } from "@concordat/store/artifactStore";
import { makeFolder, writeDurably } from "@concordat/files/durableFile";
import { createHeliaStore } from "@concordat/store/helia/heliaStore";
import { createKuboStore } from "@concordat/store/kubo/kuboStore";
import { openDataFolder } from "@concordat/node/setup/dataFolder";
import type { DataFolder } from "@concordat/node/setup/dataFolder";
import { LockedError } from "@concordat/files/folderLock";
import { ANSWER, REFUSED, REQUEST, inboxOf, parseAnswer } from "@concordat/node/serving/inbox";
import type { InboxAnswer } from "@concordat/node/serving/inbox";
import type { NodeConfig } from "@concordat/node/setup/nodeConfig";

/** Milliseconds between two looks for the node's answer. */
const LOOK_MS = 100;
/** Milliseconds after which it is looked whether the node still runs: one that died does not answer any more. */
const ANSWER_MS = 10_000;
/** Milliseconds for everything together, for one file. */
const PATIENCE_MS = 120_000;

/** How files came to a node's store. */
export interface AddedArtifacts {
  readonly digests: readonly Digest[];
  /** Whether the node was running, and took them itself. */
  readonly byRunningNode: boolean;
}

/**
 * Puts files into the store of a node, whether it runs or not: one that runs takes them through its inbox.
 * @throws {InputError} when the node's folder or store cannot be used, or the node refuses a file.
 * @throws {ConcordatError} when the node runs and does not answer.
 */
export async function addArtifacts(
  config: NodeConfig,
  contents: readonly Uint8Array[],
  patienceMs = PATIENCE_MS,
): Promise<AddedArtifacts> {
  const digests: Digest[] = [];
  let byRunningNode = false;
  for (const [i, bytes] of contents.entries()) {
    const deadline = performance.now() + patienceMs;
    while (digests.length === i) {
      const folder = await takeFolder(config.dataDir);
      if (folder !== undefined) {
        digests.push(...(await putDirectly(config, folder, contents.slice(i))));
        return { digests, byRunningNode };
      }
      const digest = await putThroughInbox(config.dataDir, bytes);
      if (digest !== undefined) {
        digests.push(digest);
        byRunningNode = true;
      } else if (performance.now() > deadline) {
        throw new ConcordatError(
          `A node is using ${config.dataDir}, but is not taking files from its inbox`,
          {
            hint: "Check its log, or stop it and then add the files",
          },
        );
      }
    }
  }
  return { digests, byRunningNode };
}

/** The node's folder, unless a node holds it. */
async function takeFolder(dataDir: string): Promise<DataFolder | undefined> {
  try {
    return await openDataFolder(
      dataDir,
      (error) => {
        throw error;
      },
      0,
    );
  } catch (error) {
    if (error instanceof InputError && error.cause instanceof LockedError) return undefined;
    throw error;
  }
}

async function putDirectly(
  config: NodeConfig,
  folder: DataFolder,
  contents: readonly Uint8Array[],
): Promise<Digest[]> {
  try {
    const store = await openStore(config, folder.artifacts);
    try {
      const digests: Digest[] = [];
      for (const bytes of contents) digests.push(await store.put(bytes));
      return digests;
    } finally {
      await store.close();
    }
  } finally {
    await folder.release();
  }
}

/** The store without its ports: what it serves is served once the node runs. */
async function openStore({ artifacts }: NodeConfig, dir: string): Promise<ArtifactStore> {
  if (artifacts.kind === "kubo") return createKuboStore({ url: artifacts.url, dir });
  return createHeliaStore({ dir });
}

/** Undefined where no answer came for a while; the file is then taken back. */
async function putThroughInbox(dataDir: string, bytes: Uint8Array): Promise<Digest | undefined> {
  const inbox = inboxOf(dataDir);
  const stem = join(inbox, randomUUID());
  const leftovers = [REQUEST, ANSWER, REFUSED].map((end) => `${stem}${end}`);
  const expected = await digestOf(bytes);
  try {
    await makeFolder(inbox);
    await writeDurably(inbox, [{ path: `${stem}${REQUEST}`, bytes }]);
    const answer = await answerIn(`${stem}${ANSWER}`);
    if (answer === undefined) return undefined;
    if ("problem" in answer) throw new InputError(`The node refused a file: ${answer.problem}`);
    if (answer.digest === expected) return expected;
    throw new ConcordatError(`The node stored ${answer.digest}, but ${expected} was given`, {
      hint: "Check that the node runs the same version of Concordat",
    });
  } finally {
    for (const path of leftovers) await rm(path, { force: true });
  }
}

async function answerIn(path: string): Promise<InboxAnswer | undefined> {
  const deadline = performance.now() + ANSWER_MS;
  while (performance.now() < deadline) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return parseAnswer(text);
    await sleep(LOOK_MS);
  }
  return undefined;
}
