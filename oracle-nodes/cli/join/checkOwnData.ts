import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import type { TaskManifest } from "@concordat/protocol/manifest/manifest";
import type { TaskTerms } from "@concordat/protocol/terms/taskTerms";
import { checkDataset } from "@concordat/learning/tasks/loadTask";
import { checkScores } from "@concordat/node/rounds/checkScores";
import { loadOwnDataset } from "@concordat/node/tasks/loadOwnDataset";
import type { NodeConfig } from "@concordat/node/setup/nodeConfig";
import { openTaskData } from "@concordat/node/tasks/openTaskData";
import { checkOwnRecords } from "@concordat/node/rounds/trainPrivately";

/** What a node would train and validate on in a task. */
export interface OwnRecords {
  readonly train: number;
  readonly validation: number;
}

/**
 * Checks a node's own data against a task before its operator pays for joining it, by what the node itself does when it takes
 * the task up. Nothing is kept of it.
 * @throws {InputError} when the folder, its records or the node's share of them do not fit the task.
 */
export async function checkOwnData(
  config: NodeConfig,
  terms: TaskTerms,
  manifest: TaskManifest,
): Promise<OwnRecords> {
  checkScores(terms, manifest);
  const dataset = await loadOwnDataset(manifest.dataset, config.dataset.dir);
  checkDataset(dataset, manifest.dataset);
  // Which records validate is drawn in the task's folder; the node draws the same there by its seed.
  const dir = await mkdtemp(join(tmpdir(), "concordat-join-"));
  try {
    const data = await openTaskData({
      terms: manifest.dataset,
      dataset,
      config: config.dataset,
      maxSamples: terms.maxSamples,
      dir,
      logger: pino({ level: "silent" }),
    });
    checkOwnRecords({ config }, { manifest }, data.train);
    return { train: data.train.indices.length, validation: data.validation.indices.length };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
