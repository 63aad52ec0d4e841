import { appendFile, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@concordat/protocol/ids";
import type { ServedTask } from "../tasks/servedTask.ts";
import type { Services } from "../services.ts";

const FILE = /^artifacts-(\d+)\.txt$/;

/** Notes that artifacts belong to a round of the task, so that they can be forgotten with it. */
export async function noteArtifacts(
  { config }: Services,
  task: ServedTask,
  round: number,
  digests: readonly Digest[],
): Promise<void> {
  if (config.keepRounds === undefined) return;
  await appendFile(join(task.dir, `artifacts-${round}.txt`), digests.map((digest) => `${digest}\n`).join(""));
}

/** Forgets the artifacts of rounds that are more than `keepRounds` old, where the configuration says so. */
export async function pruneArtifacts(
  { config, store }: Services,
  task: ServedTask,
  round: number,
): Promise<void> {
  if (config.keepRounds === undefined) return;
  for (const name of await readdir(task.dir)) {
    const noted = FILE.exec(name)?.[1];
    if (noted === undefined || Number(noted) > round - config.keepRounds) continue;
    const digests = (await readFile(join(task.dir, name), "utf8")).split("\n").filter(Boolean);
    for (const digest of digests) await store.remove(digest as Digest);
    await rm(join(task.dir, name));
  }
}
