import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { decodeArtifact, encodeArtifact } from "@concordat/protocol/artifacts/artifact";
import type { Bps, Digest } from "@concordat/protocol/ids";
import type { ModelTensors, TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { writeDurably } from "@concordat/files/durableFile";
import { mix } from "@concordat/learning/training/personalise";
import { globalModel, localModel } from "./models.ts";
import type { ServedTask } from "../tasks/servedTask.ts";
import type { Services } from "../services.ts";
import type { Signed } from "./signedResults.ts";

const FILE = /^personalised-(\d+)\.safetensors$/;
/** Rounds whose personalised model is kept. */
const KEPT = 2;

/** A finalised round: its aggregate w_G^t and the alpha that was chosen. */
export interface FinalisedRound {
  readonly round: number;
  readonly aggregate: Digest;
  readonly alphaBps: Bps;
}

/** The personalised model of the latest round up to `round` in a task's folder, if there is one. */
export async function readPersonalised(
  dir: string,
  specs: readonly TensorSpec[],
  round = Infinity,
): Promise<{ readonly round: number; readonly tensors: ModelTensors } | undefined> {
  const latest = (await roundsIn(dir)).filter((kept) => kept <= round).at(-1);
  if (latest === undefined) return undefined;
  const bytes = new Uint8Array(await readFile(join(dir, fileOf(latest))));
  return { round: latest, tensors: decodeArtifact(bytes, { specs, role: "update", round: latest }).tensors };
}

/**
 * Makes and keeps the node's personalised model of a finalised round, w_kp = alpha w_k + (1 - alpha) w_G (paper 1,
 * Eq. 2), as an update artifact whose base is that round's w_G. Nothing happens if it is there already, or if the node
 * did not train in that round.
 * @returns Its file, if there is one.
 */
export async function personalise(
  services: Services,
  task: ServedTask,
  { round, aggregate, alphaBps }: FinalisedRound,
  update: Signed<"LocalUpdate"> | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const rounds = await roundsIn(task.dir);
  const path = join(task.dir, fileOf(round));
  if (rounds.includes(round)) return path;
  if (update === undefined) return undefined;
  const local = await localModel(services, task, update, signal);
  if (local === undefined) return undefined;
  const global = await globalModel(services, task, aggregate, round, [], signal);
  const metadata = {
    role: "update",
    task: task.taskId,
    round,
    node: services.nodeId,
    base: aggregate,
  } as const;
  const bytes = encodeArtifact(metadata, mix(alphaBps, local, global));
  await writeDurably(task.dir, [{ path, bytes }]);
  const kept = (await roundsIn(task.dir)).slice(-KEPT);
  for (const old of rounds) if (!kept.includes(old)) await rm(join(task.dir, fileOf(old)), { force: true });
  return path;
}

/** The file of the latest personalised model in a task's folder, if there is one. */
export async function personalisedFile(dir: string): Promise<string | undefined> {
  const latest = (await roundsIn(dir)).at(-1);
  return latest === undefined ? undefined : join(dir, fileOf(latest));
}

/** Forgets the models of this round and later ones: a reorganisation took them back, and they may end otherwise. */
export async function forgetPersonalised(dir: string, fromRound: number): Promise<void> {
  for (const round of await roundsIn(dir))
    if (round >= fromRound) await rm(join(dir, fileOf(round)), { force: true });
}

function fileOf(round: number): string {
  return `personalised-${round}.safetensors`;
}

/** Rounds whose personalised model is kept, ascending. */
async function roundsIn(dir: string): Promise<number[]> {
  const names = await readdir(dir);
  return names
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}
