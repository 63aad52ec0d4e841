import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import type { TaskManifest } from "../../../../protocol/manifest.ts";
import type { TaskTerms } from "../../../../protocol/taskTerms.ts";
import { checkDataset } from "../../learning/loadTask.ts";
import { checkScores } from "../../node/checkScores.ts";
import { loadOwnDataset } from "../../node/loadOwnDataset.ts";
import type { NodeConfig } from "../../node/nodeConfig.ts";
import { openTaskData } from "../../node/openTaskData.ts";
import { checkOwnRecords } from "../../node/trainPrivately.ts";

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
