import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TensorSpec } from "@concordat/protocol/artifacts/tensors";
import { writeWhole } from "@concordat/files/durableFile";
import type { TrajectoryState, RoundRecord } from "./trajectory.ts";
import type { FederationFacts } from "./federation.ts";
import { ModelFolder } from "./modelFolder.ts";

/** A round's record as a checkpoint holds it. */
export interface RecordedRound extends RoundRecord {
  readonly seed: number;
  readonly round: number;
  readonly facts: FederationFacts;
}

interface RoundFile extends RecordedRound {
  readonly numbers: TrajectoryState["numbers"];
  /** Names of the state's models, which stand in files beside. */
  readonly models: readonly string[];
}

const FILE = /^round-(\d+)\.json$/;

/**
 * Writes down a round: first the state's models, then the record, which makes the round count; then the models of the round
 * before go. Each file is whole or not there, so a kill at any moment leaves the last complete round.
 */
export async function saveRound(
  dir: string,
  specs: readonly TensorSpec[],
  state: TrajectoryState,
  record: RecordedRound,
): Promise<void> {
  const { round } = record;
  const folder = await ModelFolder.open(join(dir, `state-${round}`), specs);
  for (const [name, tensors] of Object.entries(state.models)) await folder.write(name, tensors);
  const file: RoundFile = { ...record, numbers: state.numbers, models: Object.keys(state.models) };
  await writeWhole({ path: join(dir, `round-${round}.json`), bytes: JSON.stringify(file) });
  await rm(join(dir, `state-${round - 1}`), { recursive: true, force: true });
}

/** The last complete round of a trajectory's folder and the state after it. */
export async function lastRound(
  dir: string,
  specs: readonly TensorSpec[],
): Promise<
  { readonly round: number; readonly state: TrajectoryState; readonly facts: FederationFacts } | undefined
> {
  const round = (await roundsIn(dir)).at(-1);
  if (round === undefined) return undefined;
  const { models: names, numbers, facts } = await readRound(dir, round);
  const folder = await ModelFolder.open(join(dir, `state-${round}`), specs);
  const models: Record<string, TrajectoryState["models"][string]> = {};
  for (const name of names) {
    const tensors = await folder.read(name);
    if (tensors === undefined) throw new Error(`${dir} has lost the model ${name} of round ${round}`);
    models[name] = tensors;
  }
  return { round, state: { models, numbers }, facts };
}

/** All complete rounds of a trajectory's folder, in order. */
export async function readRounds(dir: string): Promise<RecordedRound[]> {
  const rounds: RecordedRound[] = [];
  for (const round of await roundsIn(dir)) rounds.push(await readRound(dir, round));
  return rounds;
}

/** Numbers of the complete rounds, ascending. */
export async function roundsIn(dir: string): Promise<number[]> {
  await mkdir(dir, { recursive: true });
  return (await readdir(dir))
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

async function readRound(dir: string, round: number): Promise<RoundFile> {
  return JSON.parse(await readFile(join(dir, `round-${round}.json`), "utf8")) as RoundFile;
}
