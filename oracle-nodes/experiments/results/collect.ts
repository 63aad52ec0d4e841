import { ConcordatError } from "@concordat/protocol/errors";
import { readRounds, type RecordedRound } from "../checkpoint.ts";
import type { AlphaRow, BytesRow, CandidateRow, ScoreRow } from "../trajectory.ts";
import { type DivergedRun, readDivergence } from "../divergence.ts";
import type { FederationFacts } from "../federation.ts";
import { reportedRounds } from "../experiment.ts";
import type { Job } from "../plan.ts";

/** A row with the seed and round it belongs to. */
export type Dated<T> = T & { readonly seed: number; readonly round: number };

/** The digest of a trajectory's global model after a round. */
export interface DigestRow {
  readonly variant: string;
  readonly trajectory: string;
  readonly digest: string;
}

/** All that an experiment has measured, honest nodes only. */
export interface Results {
  readonly scores: readonly Dated<ScoreRow>[];
  readonly alphas: readonly Dated<AlphaRow>[];
  readonly bytes: readonly Dated<BytesRow>[];
  readonly candidates: readonly Dated<CandidateRow & { readonly variant: string }>[];
  readonly digests: readonly Dated<DigestRow>[];
  /** Runs that ended because they diverged, in the order of the jobs. */
  readonly diverged: readonly DivergedRun[];
  readonly facts: ReadonlyMap<number, FederationFacts>;
}

/**
 * Reads the records of all jobs, up to their last round.
 * @throws {ConcordatError} when the dataset changed between them.
 */
export async function collect(jobs: readonly Job[]): Promise<Results> {
  const facts = new Map<number, FederationFacts>();
  const results = {
    scores: [] as Dated<ScoreRow>[],
    alphas: [] as Dated<AlphaRow>[],
    bytes: [] as Dated<BytesRow>[],
    candidates: [] as Results["candidates"][number][],
    digests: [] as Dated<DigestRow>[],
    diverged: [] as DivergedRun[],
  };
  /** A scheme that ended before its trajectory did is not said to end again. */
  const end = (run: DivergedRun): void => {
    const isKnown = (scheme: string) =>
      results.diverged.some(({ seed, schemes }) => seed === run.seed && schemes.includes(scheme));
    const schemes = run.schemes.filter((scheme) => !isKnown(scheme));
    if (schemes.length > 0) results.diverged.push({ ...run, schemes });
  };
  for (const job of jobs) {
    const attacking = new Set(job.experiment.attackers.flatMap(({ nodes }) => nodes));
    const isHonest = ({ node }: { readonly node: number }): boolean => !attacking.has(node);
    for (const record of await readRounds(job.dir)) {
      if (record.round > job.rounds) continue;
      const dated = <T extends object>(rows: readonly T[]) => rows.map((row) => dateOf(record, row));
      results.scores.push(...dated(record.scores.filter(isHonest)));
      results.alphas.push(...dated(record.alphas.filter(isHonest)));
      results.bytes.push(...dated(record.bytes));
      const { trajectory, variant } = job;
      // A shorter run's last round, reported then, may be an ordinary one now.
      if (reportedRounds(job.experiment).includes(record.round)) {
        const candidates = record.candidates.filter(isHonest).map((row) => ({ ...row, variant }));
        results.candidates.push(...dated(candidates));
      }
      const digest = record.digests["w_G"];
      if (digest !== undefined) results.digests.push(dateOf(record, { variant, trajectory, digest }));
      const { seed, round } = record;
      for (const part of record.diverged ?? []) end({ ...part, seed, round });
      facts.set(job.seed, record.facts);
    }
    const divergence = await readDivergence(job.dir);
    if (divergence !== undefined && divergence.round <= job.rounds) end({ ...divergence, seed: job.seed });
  }
  if (new Set([...facts.values()].map(({ dataset }) => dataset)).size > 1) {
    throw new ConcordatError("The dataset changed between the runs behind these results", {
      hint: "Run the experiment again in another folder",
    });
  }
  return { ...results, facts };
}

function dateOf<T extends object>({ seed, round }: RecordedRound, row: T): Dated<T> {
  return { ...row, seed, round };
}
